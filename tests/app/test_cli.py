"""The commands: what they print, and what they say to a person who can mend what is wrong."""

import io
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app import filing
from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.bench.world import World
from app.cli import COMMANDS, main
from app.hotline import Hotline, open_hotline
from app.review import service as review
from app.settings import from_env
from app.work import service as work
from app.work.returning import Why
from classifier import artifact, corpus
from models.audit import AuditEvent
from models.ticket import Ticket
from models.vocabulary import AuditKind, Channel, Role, Status, topics
from routing import city
from routing.city import load_city
from tests.app.conftest import BUSES, LIGHTS_OUT, PASSWORD, TUESDAY, Clock, Road, Staff, step

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command with the small model in service and the small corpus in place."""
    (tmp_path / "models").symlink_to(models_dir)
    for module in (artifact, corpus):
        monkeypatch.setattr(module, "CORPUS_DIR", models_dir.parent / "corpus")
    environ = {"LANGNGHE_DATA": str(tmp_path), "LANGNGHE_SECRET_KEY": None, "DATABASE_URL": None, "REDIS_URL": None}

    def invoke(*arguments: str, stdin: str | None = None, **more: str) -> Result:
        return CliRunner().invoke(main, arguments, input=stdin, env=environ | more, catch_exceptions=False)

    return invoke


def test_every_command_is_there_and_says_what_it_is_for(run: Run) -> None:
    listed = run("--help")
    assert listed.exit_code == 0
    for name in COMMANDS:
        assert f"  {name} " in listed.stdout
        told = run(name, "--help")
        assert told.exit_code == 0
        assert len(told.stdout.splitlines()[2].strip()) > 10, name
    assert run("dance").exit_code == 2


def test_a_telephone_exchange_is_made_known_listed_and_shut_out(run: Run) -> None:
    assert run("migrate").exit_code == 0
    token = run("exchanges", "add", "Tổng đài 1").stdout.strip()
    assert token.startswith("lnx_")
    again = run("exchanges", "add", "Tổng đài 1")
    assert (again.exit_code, "already" in again.stderr) == (2, True)
    assert "in use   never       Tổng đài 1" in run("exchanges", "list").stdout
    assert run("exchanges", "revoke", "Tổng đài 1").exit_code == 0
    listed = run("exchanges", "list").stdout
    assert "revoked  never       Tổng đài 1" in listed
    assert token not in listed
    assert run("exchanges", "revoke", "Tổng đài 2").exit_code == 2


def test_classify_says_what_a_text_is_about(run: Run) -> None:
    done = run("classify", LIGHTS_OUT)
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["id"] == "1"
    assert (said["topic"], said["alternatives"][0], said["urgent"]) == ("street-lighting", "street-lighting", False)
    assert said["because"]
    assert set(said["alternatives"]) <= set(topics())


def test_classify_reads_a_file_line_by_line(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "reports.jsonl"
    fire = "Cháy nhà rồi, đang cháy lớn có người kẹt trong đó, cứu gấp"
    source.write_text(f'{{"id": "a", "text": "{LIGHTS_OUT}"}}\n\n{{"text": "{fire}"}}\n', "utf-8")
    said = [json.loads(line) for line in run("classify", "--jsonl", str(source)).stdout.splitlines()]
    assert [(row["id"], row["urgent"]) for row in said] == [("a", False), ("3", True)]
    assert said[1]["emergency_numbers"]


def test_place_says_which_ward_a_text_speaks_of(run: Run) -> None:
    said = json.loads(run("place", "hẻm 285 Cách Mạng Tháng Tám, phường 12 quận 10").stdout)
    assert (said["wards"], said["sure"]) == (["Hòa Hưng"], True)
    assert json.loads(run("place", "ở đâu đó").stdout)["wards"] == []


def test_place_answers_line_by_line_whatever_the_text(run: Run, tmp_path: Path) -> None:
    long = "ngập nặng " * 480 + "tại phường 12 quận 10"
    texts = ["", "  ", "\0", "phường 12\0 quận 10", long, "\ud800 phường Hòa Hưng", "phường 12 quận 10", "P.302 lô B"]
    source = tmp_path / "reports.jsonl"
    lines = [json.dumps({"id": f"r{n}\ud800", "text": text}) for n, text in enumerate(texts)]
    source.write_text("\ufeff" + "\r\n".join(lines), "utf-8")
    done = run("place", "--jsonl", str(source))
    assert done.exit_code == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in said] == [f"r{n}?" for n in range(len(texts))]
    here = (["Hòa Hưng"], True)
    nowhere: tuple[list[str], bool] = ([], False)
    expected = [nowhere, nowhere, nowhere, here, here, here, here, nowhere]
    assert [(row["wards"], row["sure"]) for row in said] == expected
    assert [row["how"] for row in said[:3]] == ["empty"] * 3


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"phuong 12", ":2: Expecting value"),
        (b"{", ":2: Expecting property name"),
        (b'"phuong 12"', ":2: an object with a text is needed"),
        (b'{"text": null}', ":2: an object with a text is needed"),
        (b'{"text": "\xff"}', ":2: 'utf-8' codec can't decode"),
        (b"[" * 100_000, ":2: maximum recursion depth"),
        (b'{"id": "b", "text": "a", "lat": "10.7", "lon": 106.6}', "report b: lat and lon must be two numbers"),
        (b'{"id": "b", "text": "a", "lat": 10.7}', "report b: lat and lon must be two numbers"),
        (b'{"id": "b", "text": "a", "lat": NaN, "lon": 1e999}', "report b: lat and lon must be two numbers"),
    ],
)
def test_place_names_the_line_that_it_cannot_read(run: Run, tmp_path: Path, line: bytes, why: str) -> None:
    source = tmp_path / "reports.jsonl"
    source.write_bytes(b'{"text": "a"}\n' + line + b"\n")
    refused = run("place", "--jsonl", str(source))
    assert refused.exit_code == 2
    assert why in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(refused.stdout.splitlines()) == 1


def test_place_measures_itself_on_examples(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "examples.jsonl"
    source.write_text('{"text": "phường 12 quận 10", "wards": ["Phường Hòa Hưng"]}\n', "utf-8")
    assert (
        "| examples.jsonl (1) | as written | 1 of 1 | 1.000 | 1 of 1 | 1.000 |"
        in run("place", "--measure", str(source)).stdout
    )
    assert run("place", "--measure", str(source), "a text").exit_code == 2
    source.write_text('{"text": "a", "wards": ["Hòa Hưng"]}\n', "utf-8")
    refused = run("place", "--measure", str(source))
    assert refused.exit_code == 2
    assert "examples.jsonl:1: unknown wards Hòa Hưng" in refused.stderr


@pytest.mark.parametrize("command", ["classify", "place"])
def test_a_command_that_reads_texts_wants_exactly_one_source(run: Run, tmp_path: Path, command: str) -> None:
    source = tmp_path / "reports.jsonl"
    source.write_text('{"text": "Đèn tắt"}\n{"id": 2}\n', "utf-8")
    for arguments in ([], ["Đèn tắt", "--jsonl", str(source)]):
        refused = run(command, *arguments)
        assert refused.exit_code == 2
        assert "give a text, or --jsonl FILE" in refused.stderr
    broken = run(command, "--jsonl", str(source))
    assert broken.exit_code == 2
    assert f"{source}:2: an object with a text is needed" in broken.stderr


def test_model_list_marks_the_one_in_service(run: Run, models_dir: Path) -> None:
    (line,) = run("model", "list").stdout.splitlines()
    version = (models_dir / "CURRENT").read_text("utf-8").strip()
    rows = artifact.verify(models_dir / version)["corpus_rows"]
    assert line.split() == ["*", version, str(rows), "reports"]


def test_a_model_that_is_not_there_cannot_be_promoted(run: Run, models_dir: Path) -> None:
    before = (models_dir / "CURRENT").read_text("utf-8")
    for version in ("nothing", "../../etc"):
        refused = run("model", "promote", version)
        assert refused.exit_code == 2
        assert refused.stderr.startswith("langnghe: ")
    assert (models_dir / "CURRENT").read_text("utf-8") == before


def test_corpus_check_names_everything_that_is_wrong(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"topic": "noise", "type": "phan-anh", "urgency": "normal", "voice": "v", "region": "nam"}
    rows = [
        {"id": "a", **row, "text": "Quán nhậu hát karaoke tới khuya không ai ngủ được."},
        {"id": "b", **row, "text": "Xe cứu thương hú còi suốt đêm trước nhà."},
    ]
    folder = tmp_path / "corpus"
    folder.mkdir()
    monkeypatch.setattr(corpus, "CORPUS_DIR", folder)
    write(folder, rows)
    good = run("corpus", "check")
    assert (good.exit_code, good.stdout) == (0, "2 reports, 0 problems\n")
    write(folder, [*rows, rows[0] | {"topic": "dragons"}])
    bad = run("corpus", "check")
    assert bad.exit_code == 1
    assert "a: the id occurs twice" in bad.stdout
    assert "a: topic 'dragons' is unknown" in bad.stdout
    assert "a and a are nearly the same text" in bad.stdout
    (folder / "all.jsonl").write_text("{", "utf-8")
    assert run("corpus", "check").exit_code == 2


def test_an_installation_is_migrated_checked_and_given_its_first_link(run: Run, tmp_path: Path) -> None:
    refused = run("check")
    assert refused.exit_code == 2
    assert "langnghe: LANGNGHE_SECRET_KEY" in refused.stderr
    assert run("migrate").exit_code == 0
    assert (tmp_path / "secret").is_file()
    assert run("migrate").exit_code == 0
    sound = run("check")
    assert (sound.exit_code, sound.stdout) == (0, "every law holds\n")
    assert "0 stray files removed, 0 photos missing, 0 tickets can be found again" in run("reconcile").stdout
    assert "/accounts/invitation#" in run("account", "first-link").stdout
    told = run("doctor")
    assert told.exit_code == 1
    assert "BAD  relay: never seen" in told.stdout
    assert run("migrate", "--down", "--revision", "base").exit_code == 0
    assert "BAD  schema: run `langnghe migrate`" in run("doctor").stdout


def test_who_has_the_machine_finds_a_way_in_and_each_is_on_record(run: Run, tmp_path: Path) -> None:
    assert run("migrate").exit_code == 0
    token = run("account", "first-link").stdout.strip().partition("#")[2]
    hotline = open_hotline(from_env({"LANGNGHE_DATA": str(tmp_path)}))
    with hotline.database.transaction() as session:
        first = NewAccount("quan.tri", "Anh Sơn", Role.ADMIN)
        accounts.accept_invitation(hotline, session, token, PASSWORD, first)
    assert "there is an administrator already" in run("account", "first-link").stdout
    assert run("account", "list").stdout.split() == ["quan.tri", "admin"]
    assert "/accounts/invitation#" in run("account", "link", "Quan.Tri").stdout
    assert "second factor taken off" in run("account", "reset-factor", "quan.tri").stdout
    assert run("account", "token", "quan.tri", "--scope", "file", "--scope", "read").stdout.startswith("ln_")
    assert run("account", "token", "quan.tri", "--scope", "everything").exit_code == 2
    assert "shut out" in run("account", "disable", "quan.tri").stdout
    for command in ("link", "reset-factor", "disable"):
        refused = run("account", command, "quan.tri")
        assert (refused.exit_code, refused.stderr) == (1, "Error: there is no account 'quan.tri' that may come in\n")
    with hotline.database.reading() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    hotline.database.close()
    assert [event.kind for event in events] == [
        AuditKind.INVITED, AuditKind.ACCOUNT_CREATED, AuditKind.PASSWORD_SET, AuditKind.INVITED,
        AuditKind.FACTOR_RESET, AuditKind.TOKEN_MADE, AuditKind.ACCOUNT_DISABLED,
    ]  # fmt: skip
    assert (events[0].account_id, events[0].detail) == (None, Role.ADMIN), "there was no account yet"
    assert {event.actor_id for event in (events[0], *events[3:])} == {None}


def test_the_calendar_is_listed_and_changed_and_remembers_who_and_why(run: Run, tmp_path: Path) -> None:
    assert run("migrate").exit_code == 0
    days = (datetime.now(UTC).date() + timedelta(days=n) for n in range(30, 60))
    day = str(next(day for day in days if load_city().calendar.is_working_day(day)))
    listed = run("calendar", "list", "--year", "2026").stdout
    assert "2026-01-10  worked  city     Thứ bảy làm bù cho ngày 2/1/2026\n" in listed
    assert "2026-02-17  off     seed     " in listed
    done = run("calendar", "set", day, "--off", "--because", "Bão số 1")
    assert (done.exit_code, done.stdout) == (0, f"{day}: off\n")
    assert f"{day}  off     changed  Bão số 1\n" in run("calendar", "list", "--year", day[:4]).stdout
    again = run("calendar", "set", day, "--off", "--because", "Bão số 1")
    assert (again.exit_code, again.stderr) == (2, "langnghe: This day is off already; nothing to change.\n")
    undone = run("calendar", "unset", day, "--because", "Bão đổi hướng")
    assert (undone.exit_code, undone.stdout) == (0, f"{day}: as in the file of the city\n")
    assert "changed" not in run("calendar", "list", "--year", day[:4]).stdout
    for wrong in (("set", day, "--off"), ("set", day, "--because", "x"), ("set", "mai", "--off")):
        assert run("calendar", *wrong).exit_code == 2, wrong
    with closing(sqlite3.connect(tmp_path / "langnghe.db")) as database:
        kept = database.execute("select working, reason, author from calendar_change order by id").fetchall()
    assert [(working, reason) for working, reason, _ in kept] == [(0, "Bão số 1"), (None, "Bão đổi hướng")]
    assert all(author.endswith("(langnghe calendar)") for _, _, author in kept)


def test_check_names_a_broken_law_and_ends_in_failure(run: Run, database_url: str, tmp_path: Path) -> None:
    world = World(tmp_path, database_url)
    with world.hotline.database.transaction() as session:
        unfiled = {"code_hash": "x", "text": "x", "search_text": "x", "received_at": TUESDAY}
        session.add(Ticket(_status=Status.RECEIVED, channel=Channel.WEB, **unfiled))
    world.close()
    broken = run("check", LANGNGHE_SECRET_KEY="x" * 40, DATABASE_URL=database_url)
    assert broken.exit_code == 1
    assert "BROKEN a ticket has exactly one received event: 1 tickets" in broken.stdout


def test_a_rule_set_is_tried_on_the_tickets_there_are_and_changes_nothing(
    run: Run, hotline: Hotline, road: Road, staff: Staff, tmp_path: Path, database_url: str
) -> None:
    """Lights go from the centre to the unit of the buses: for one ticket that was right, for another it was not."""
    right, wrong, waiting, sealed = road.accepted(), road.routed(), road.routed(), road.sealed()
    work.send_back(hotline, staff.alice, step(wrong), Why("wrong-unit", BUSES))
    review.accept_proposal(hotline, staff.coordinator, step(wrong))
    work.accept(hotline, staff.bob, step(wrong))
    before = [filed.kinds() for filed in (right, wrong, waiting, sealed)]
    file = rules_with(tmp_path, "den-duong, topics: street-lighting, lead: tt_ql_gt_htkt", f"lead: {BUSES}")
    environ = {"LANGNGHE_SECRET_KEY": "x" * 40, "DATABASE_URL": database_url}
    told = run("rules", "test", "--rules", str(file), **environ)
    assert told.exit_code == 0, told.stderr
    assert "where they ended, of 2 known: right at once 1 before, 1 after (1 mended, 1 broken)" in told.stdout
    assert "Trung tâm Quản lý Giao thông và Hạ tầng kỹ thuật -> Trung tâm Quản lý giao thông công cộng" in told.stdout
    assert "rule den-duong: Đèn đường do cấp thành phố quản lý" in told.stdout
    found = json.loads(run("rules", "test", "--rules", str(file), "--json", **environ).stdout)
    assert (found["tickets"], found["changed"], found["unchanged"], found["to_coordinator"]) == (3, 3, 0, 0)
    (move,) = found["moves"]
    assert set(move["examples"]) == {str(filed.ticket().id) for filed in (right, wrong, waiting)}
    newest = json.loads(run("rules", "test", "--rules", str(file), "--last", "1", "--json", **environ).stdout)
    assert newest["tickets"] == 1
    later = run("rules", "test", "--rules", str(file), "--since", "2026-03-04", "--json", **environ)
    assert json.loads(later.stdout)["tickets"] == 0
    ever = run("rules", "test", "--rules", str(file), "--since", "0001-01-01", "--json", **environ)
    assert json.loads(ever.stdout)["tickets"] == 3
    assert [filed.kinds() for filed in (right, wrong, waiting, sealed)] == before


def test_a_rule_set_is_tried_on_the_day_on_which_each_ticket_was_received(
    run: Run, road: Road, clock: Clock, tmp_path: Path, database_url: str
) -> None:
    road.routed()
    clock.forward(days=2)
    road.routed()
    file = rules_with(
        tmp_path, "den-duong, topics: street-lighting, lead: tt_ql_gt_htkt",
        f"den-moi, topics: street-lighting, from: 2026-03-05, lead: {BUSES}, because: x, because_en: x}}\n"
        "- {id: den-duong, topics: street-lighting, lead: tt_ql_gt_htkt",
    )  # fmt: skip
    environ = {"LANGNGHE_SECRET_KEY": "x" * 40, "DATABASE_URL": database_url}
    found = json.loads(run("rules", "test", "--rules", str(file), "--json", **environ).stdout)
    assert (found["changed"], found["unchanged"]) == (1, 1)


def test_a_rule_set_that_cannot_be_meant_is_refused_with_its_lines_before_any_ticket_is_read(
    run: Run, tmp_path: Path
) -> None:
    file = rules_with(tmp_path, "den-duong, topics: street-lighting, lead: tt_ql_gt_htkt", "lead: so_rong")
    line = next(n for n, words in enumerate(file.read_text("utf-8").splitlines(), 1) if "so_rong" in words)
    refused = run("rules", "test", "--rules", str(file), LANGNGHE_SECRET_KEY="x" * 40)
    assert refused.exit_code == 2
    assert f"new.yaml:{line}: department 'so_rong' does not exist" in refused.stderr
    assert refused.stdout == ""
    absent = run("rules", "test", "--rules", str(tmp_path / "absent.yaml"), LANGNGHE_SECRET_KEY="x" * 40)
    assert (absent.exit_code, absent.stdout) == (2, "")
    assert run("rules", "test", "--rules", str(file), "--last", "0").exit_code == 2
    assert run("rules", "test", "--rules", str(file), "--since", "soon").exit_code == 2


@pytest.mark.parametrize("more", [("--seed", "7"), ("--card", "card.md"), ("--if-needed",)])
def test_what_training_on_decisions_would_not_heed_is_refused(run: Run, more: tuple[str, ...]) -> None:
    done = run("train", "--from-overrides", *more)
    assert (done.exit_code, "--from-overrides goes with none of" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("asked", "waited"), [("7", 7), ("999", 60), ("Wed, 21 Oct 2026 07:28:00 GMT", 5), ("-1", 5), (None, 5)]
)
def test_who_files_comes_back_when_asked_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: str | None, waited: int
) -> None:
    answers = [
        httpx.Response(503, headers={} if asked is None else {"Retry-After": asked}),
        httpx.Response(201, json={"code": "X"}),
    ]
    pauses: list[float] = []
    monkeypatch.setattr(httpx.Client, "post", lambda *_args, **_more: answers.pop(0))
    monkeypatch.setattr(time, "sleep", pauses.append)
    (tmp_path / "one.jsonl").write_text('{"text": "x"}\n', "utf-8")
    assert filing.file_all(tmp_path / "one.jsonl", "http://localhost", io.StringIO()) == 1
    assert pauses == [waited]


def test_reports_are_filed_and_followed_over_http(served: World, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "reports.jsonl"
    lines = [
        {"id": "a", "text": LIGHTS_OUT, "place_text": "phường Hòa Hưng", "topic": "ours"},
        {"text": LIGHTS_OUT + " 2"},
    ]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    filed = run("file", "--jsonl", str(source), "--url", served.url)
    assert filed.exit_code == 0, filed.stderr
    rows = [line.split("\t") for line in filed.stdout.splitlines()]
    assert [row_id for row_id, _ in rows] == ["a", "2"]
    again = run("file", "--jsonl", str(source), "--url", served.url)
    assert again.stdout == filed.stdout  # the same line is the same report, however often it is filed
    followed = run("track", "-", "--url", served.url, stdin=filed.stdout)
    told = [json.loads(line) for line in followed.stdout.splitlines()]
    assert [(row["id"], row["code"], row["status"]) for row in told] == [
        ("a", rows[0][1], "received"),
        ("2", rows[1][1], "received"),
    ]
    assert json.loads(run("track", rows[0][1], "--url", served.url).stdout)["place_text"] == "phường Hòa Hưng"


def test_what_the_server_refuses_is_told_in_a_sentence(served: World, run: Run, tmp_path: Path) -> None:
    source = tmp_path / "reports.jsonl"
    source.write_text('{"id": "short", "text": "ngắn"}\n', "utf-8")
    refused = run("file", "--jsonl", str(source), "--url", served.url)
    assert refused.exit_code == 2
    assert "langnghe: short: 422" in refused.stderr
    unknown = run("track", "0" * 16, "--url", served.url)
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "langnghe: 404" in unknown.stderr
    strange = run("file", "--jsonl", str(source), "--url", served.url, "--token", "ln_x")
    assert "langnghe: short: 401" in strange.stderr
    served.kill(served.processes[0])
    away = run("track", "0" * 16, "--url", served.url)
    assert away.exit_code == 2
    assert away.stderr.startswith("langnghe: ")


@pytest.fixture
def served(prepared_sqlite: Path, tmp_path: Path) -> Iterator[World]:
    """Return an installation whose web process answers; on which database is nothing to a client of it."""
    file = shutil.copy(prepared_sqlite, tmp_path / "langnghe.db")
    world = World(tmp_path, f"sqlite:///{file}", {"LANGNGHE_WEB_WORKERS": "1"})
    world.serve()
    yield world
    world.close()


def rules_with(folder: Path, rule: str, instead: str) -> Path:
    """Write the city's rules with another end of one rule's line: `instead` of what follows its id, or of its lead."""
    text = (city.PACKAGED / "rules.yaml").read_text("utf-8")
    assert text.count(rule) == 1
    new = instead if instead.count(",") else rule.rpartition("lead:")[0] + instead
    file = folder / "new.yaml"
    file.write_text(text.replace(rule, new), "utf-8")
    return file


def write(folder: Path, rows: list[dict[str, str]]) -> None:
    (folder / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
