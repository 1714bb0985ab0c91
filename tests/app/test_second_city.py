"""Another city is another folder: an invented one, with its own wards, units, rules, limits and clock, end to end."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from pytest import FixtureRequest  # noqa: PT013 - a type
from sqlalchemy import select

from app import loading, migration
from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.bench import scratch
from app.bench.world import World
from app.cli import main
from app.consistency import assert_consistent
from app.hotline import Hotline
from app.units import exchange
from app.units.handover import advance
from app.web import create_app
from app.work import service as work
from app.work.service import Step
from models.department import Department
from models.vocabulary import AssignmentKind, DeadlineKind, Role, Status
from routing.city import load_city
from tests.conftest import DATABASES
from tests.installation import Clock, Filed
from tests.pages import hidden, words

SONG_XANH = Path(__file__).parents[1] / "routing" / "data" / "songxanh"
#: A Tuesday at nine on the clocks of Sông Xanh, which show UTC.
TUESDAY = datetime(2031, 6, 3, 9, 0, tzinfo=UTC)
LAMP = "Đèn đường tắt cả tuần nay, trụ đèn nghiêng, chỗ này tối thui"
TREE = "Cây xanh ngã đổ, nhánh cây gãy, chưa ai cắt tỉa cây xanh"


@pytest.fixture
def clock() -> Clock:
    return Clock(TUESDAY)


@pytest.fixture(params=DATABASES)
def hotline(request: FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Hotline]:
    """Return an installation of that city alone, on a database that has never known another."""
    if request.param == "sqlite":
        yield from installed(tmp_path, f"sqlite:///{tmp_path / 'langnghe.db'}", clock)
        return
    with scratch.database(request.getfixturevalue("server_url")) as url:
        yield from installed(tmp_path, url, clock)


def installed(folder: Path, url: str, clock: Clock) -> Iterator[Hotline]:
    world = World(folder, url, {"LANGNGHE_CITY": str(SONG_XANH)})
    hotline = replace(world.hotline, now=clock)
    migration.upgrade(hotline.database)
    loading.load(hotline)
    yield hotline
    world.close()


@pytest.fixture
def browser(hotline: Hotline) -> FlaskClient:
    return create_app(hotline).test_client()


def test_only_that_city_is_there(hotline: Hotline) -> None:
    with hotline.database.reading() as session:
        units = set(session.scalars(select(Department.id)))
    assert units == set(hotline.files.departments) == {
        "nguoi-truc", "toa-thi-chinh", "doi-den", "to-cay", "uy-1", "uy-2", "uy-3"
    }  # fmt: skip


def test_a_report_is_filed_routed_worked_on_and_answered_there(
    hotline: Hotline, browser: FlaskClient, triage: Callable[[], None], clock: Clock
) -> None:
    filed = file(hotline, browser, LAMP, "phường Lá Me, tpsx")
    triage()
    ticket = filed.ticket()
    assert (ticket.status, ticket.department_id, ticket.ward_code) == (Status.ROUTED, "doi-den", "1")
    helpers = [a.department_id for a in ticket.assignments if a.kind is AssignmentKind.COORDINATING]
    assert helpers == ["uy-1"]
    due = {deadline.kind: deadline.due_at for deadline in ticket.deadlines}
    assert due[DeadlineKind.RESOLVE] == datetime(2031, 6, 3, 21, 0, tzinfo=UTC)  # its own twelve hours
    page = shown(browser, filed)
    assert "Đội đèn" in page
    assert "Đang mở cửa, đến 12:00" in page  # its own calendar, on its own clocks
    with hotline.database.transaction() as session:
        crew = accounts.create(session, clock(), NewAccount("den", "Đội đèn", Role.HANDLER, "doi-den"))
    work.accept(hotline, crew, Step(ticket.id, ticket.version))
    work.answer(hotline, crew, Step(ticket.id, filed.ticket().version, "Đã thay bóng."))
    assert "Đã thay bóng." in shown(browser, filed)
    assert filed.status() is Status.ANSWERED
    with hotline.database.reading() as session:
        assert_consistent(session)


def test_a_unit_that_its_files_close_passes_its_work_on_there_too(
    hotline: Hotline, browser: FlaskClient, triage: Callable[[], None], clock: Clock
) -> None:
    """The tree crew is merged into the lamp crew with the year 2032, as the city's own file says."""
    clock.at = datetime(2031, 12, 31, 9, 0, tzinfo=UTC)
    filed = file(hotline, browser, TREE, "phường Lá Me, tpsx")
    triage()
    assert filed.ticket().department_id == "to-cay"
    page = shown(browser, filed)
    for said in ("028 3829 1234", "cay@songxanh.example", "1 đường Lá Me", "Đang mở cửa, đến 10:00"):
        assert said in page
    clock.forward(days=1)
    with hotline.database.transaction() as session:
        assert advance(hotline, session, clock()) == 1
    assert filed.ticket().department_id == "doi-den"
    assert "đơn vị kế nhiệm làm tiếp" in shown(browser, filed)
    again = file(hotline, browser, TREE, "phường Lá Me, tpsx")
    triage()
    assert again.ticket().department_id == "doi-den"


def test_the_whole_city_goes_to_a_file_and_back_by_the_commands(hotline: Hotline, tmp_path: Path, clock: Clock) -> None:
    environ = {
        "LANGNGHE_DATA": str(tmp_path), "LANGNGHE_CITY": str(SONG_XANH), "DATABASE_URL": hotline.settings.database_url,
        "LANGNGHE_SECRET_KEY": hotline.settings.secret_key, "REDIS_URL": hotline.settings.redis_url,
    }  # fmt: skip
    file = tmp_path / "units.yaml"

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["units", *arguments], env=environ, catch_exceptions=False)
        return done.exit_code, done.stdout + done.stderr

    assert run("export", str(file)) == (0, f"7 units written to {file}\n")
    because = ("--because", "Quyết định 7")
    assert run("import", str(file), *because) == (0, "0 added, 0 changed, 0 closed\n")
    text = file.read_text("utf-8").replace("vi: Đội đèn", "vi: Đội chiếu sáng")
    text += "- {id: moi, kind: centre, vi: Tổ mới, en: New crew, parent: toa-thi-chinh}\n"
    file.write_text(text, "utf-8")
    day = ("--from", "2031-06-03")
    wanted = (
        "~ doi-den from 2031-06-03: vi: 'Đội đèn' -> 'Đội chiếu sáng'\n+ moi from 2031-06-03: Tổ mới\n"
        "1 added, 1 changed, 0 closed"
    )
    assert run("import", str(file), *because, *day, "--dry-run") == (0, f"{wanted} (nothing was written)\n")
    assert run("import", str(file), *because, *day)[0] == 0
    assert run("import", str(file), *because, *day) == (0, "0 added, 0 changed, 0 closed\n")
    crew = hotline.standing.city().departments["doi-den"]
    assert [(crew.on(date(2031, 6, day)) or crew).vi for day in (2, 3)] == ["Đội đèn", "Đội chiếu sáng"]
    file.write_text(text.replace("kind: hotline", "kind: nobody"), "utf-8")
    code, said = run("import", str(file), *because)
    assert code == 2
    assert "units.yaml:" in said
    assert "kind 'nobody' is none of" in said
    assert run("import", str(file))[0] == 2  # without a reason nothing is written
    assert run("export", str(tmp_path / "units.txt"))[0] == 2
    assert run("export", str(tmp_path / "units.csv"), "--on", "2032-01-01")[0] == 0


def test_what_the_book_says_now_is_what_its_files_say_on_every_day(hotline: Hotline) -> None:
    files = load_city(SONG_XANH)
    with hotline.database.reading() as session:
        units = exchange.standing(hotline, session, date(2031, 6, 3))
    assert units.departments == files.departments
    assert units == files.units


def file(hotline: Hotline, browser: FlaskClient, text: str, place: str) -> Filed:
    form = browser.get("/").get_data(as_text=True)
    fields = {"form_token": hidden(form, "form_token"), "text": f"{text} {uuid4().hex[:6]}", "place_text": place}
    answer = browser.post("/", data=fields, follow_redirects=True)
    assert answer.status_code in {200, 201}, words(answer.get_data(as_text=True))
    return Filed(code_of(answer.get_data(as_text=True)), hotline)


def code_of(page: str) -> str:
    found = re.search(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page)
    assert found
    return found[0]


def shown(browser: FlaskClient, filed: Filed) -> str:
    return words(browser.post("/t", data={"code": filed.code}).get_data(as_text=True))
