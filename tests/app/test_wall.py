"""The second wall: what PostgreSQL itself lets a connection see that asks in somebody's name, however it asks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app import access, migration, wall
from app.coordination import service as coordination
from app.current import hotline as current_hotline
from app.current import staff as current_staff
from app.database import Database
from app.hotline import Hotline
from app.sealed import service as sealed
from app.work import service as work
from models.account import Account
from models.tables import Base
from models.ticket import Ticket
from tests.app.conftest import BUSES, LIGHTS_OUT, Filed, Road, Staff, file_with_photo, step

BUS = "Xe buýt bỏ trạm, tài xế xe buýt không dừng đón khách, tuyến xe buýt trễ giờ"
LEFT = {"contact_phone": "0901234567", "consent": "true"}
#: The wall is PostgreSQL's.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def filed(hotline: Hotline, road: Road, staff: Staff) -> dict[str, Filed]:
    """Return a ticket of each kind, with everything that hangs on one."""
    found = {
        "lights": file_with_photo(hotline, LIGHTS_OUT, **LEFT),
        "buses": file_with_photo(hotline, BUS, **LEFT),
        "helped": file_with_photo(hotline, LIGHTS_OUT, **LEFT),
        "review": file_with_photo(hotline, LIGHTS_OUT, submission_type="khieu-nai", **LEFT),
        "sealed": file_with_photo(hotline, LIGHTS_OUT, submission_type="to-cao", **LEFT),
    }
    road.triage()
    found["merged"] = road.file(LIGHTS_OUT, incident=str(found["lights"].ticket().incident_id), **LEFT)
    road.triage()
    coordination.ask_unit(hotline, staff.alice, step(found["helped"], "Trụ đèn ở trạm xe buýt."), BUSES)
    found["waiting"] = file_with_photo(hotline, LIGHTS_OUT, **LEFT)
    return found


#: What `select * from ticket` gives to each, whatever is asked besides.
SEEN = {
    "alice": {"lights", "helped", "merged"},
    "bob": {"buses", "helped"},
    "supervisor": {"lights", "helped", "merged"},
    "coordinator": {"lights", "buses", "helped", "review", "merged"},
    "cleared": {"lights", "buses", "helped", "review", "merged", "sealed"},
    "auditor": {"lights", "buses", "helped", "review", "merged", "sealed"},
    "admin": {"lights", "buses", "helped", "review", "merged", "waiting"},
    "call_taker": {"lights", "buses", "helped", "review", "merged", "waiting"},
}
VAULT = ("sealed_content", "sealed_photo", "sealed_referral")


def test_a_query_that_forgets_to_ask_finds_what_its_asker_may_see_and_no_more(
    hotline: Hotline, staff: Staff, filed: dict[str, Filed]
) -> None:
    """Injected: `select * from …` of every table of a ticket, as every role, reading and writing. Expected: `SEEN`.

    Without the policies of `app.wall` each sees every ticket; without `step_behind` in `Database` too.
    """
    by_id = {one.ticket().id: name for name, one in filed.items()}
    for name, expected in SEEN.items():
        with asking_as(staff.accounts[name]):
            for session_of in (hotline.database.reading, hotline.database.transaction):
                with session_of() as session:
                    assert {by_id[id_] for id_ in session.scalars(text("select id from ticket"))} == expected, name
                    for table in of_a_ticket() - {"sealed_read", *VAULT}:
                        rows = session.scalars(text(f"select ticket_id from {table}"))
                        assert {by_id[id_] for id_ in rows} <= expected, (name, table)
                    for table in VAULT:
                        found = session.execute(text(f"select * from {table}")).all()
                        assert bool(found) == (name == "cleared" and table != "sealed_referral"), (name, table)
                    assert session.scalar(text("select count(*) from part")) == int("helped" in expected)
    with hotline.database.reading() as session:
        assert len(session.scalars(text("select id from ticket")).all()) == len(filed)


def test_the_wall_lets_through_all_that_the_first_one_does(
    hotline: Hotline, staff: Staff, filed: dict[str, Filed]
) -> None:
    """The two must not disagree: what `app.access` shows is behind no wall, and none of it is hidden by it."""
    for account in staff.accounts.values():
        seen = access.visible_to(account)
        with hotline.database.reading() as session:
            without = set(session.scalars(select(Ticket.id).where(seen)))
        with asking_as(account), hotline.database.reading() as session:
            assert set(session.scalars(select(Ticket.id).where(seen))) == without


def test_a_page_that_forgets_to_ask_shows_nothing_of_others(
    app: Flask, staff: Staff, filed: dict[str, Filed], log_in: Callable[[Account], FlaskClient]
) -> None:
    """Injected: a staff page with a raw query and no condition. Expected: rows of the asker's department alone.

    Without `wall.reads_for` in the loader of accounts every ticket comes back.
    """

    @app.get("/work/raw")
    def raw() -> Response:
        assert current_staff() is not None
        with current_hotline().database.reading() as session:
            return jsonify([str(id_) for id_ in session.scalars(text("select id from ticket"))])

    by_id = {str(one.ticket().id): name for name, one in filed.items()}
    for name in ("alice", "bob", "coordinator"):
        found = json.loads(log_in(staff.accounts[name]).get("/work/raw").text)
        assert {by_id[id_] for id_ in found} == SEEN[name]
        assert wall.reader() is None
    assert app.test_client().post("/t", data={"code": filed["buses"].code}).status_code == 200


def test_a_program_with_a_token_stands_behind_the_same_wall(
    app: Flask, staff: Staff, filed: dict[str, Filed], bearer: Callable[[Account], dict[str, str]]
) -> None:
    asked: list[str] = []

    @app.after_request
    def note(response: Response) -> Response:
        with current_hotline().database.reading() as session:
            asked.extend(str(id_) for id_ in session.scalars(text("select id from ticket")))
        return response

    assert app.test_client().get("/api/v1/tickets", headers=bearer(staff.bob)).status_code == 200
    by_id = {str(one.ticket().id): name for name, one in filed.items()}
    assert {by_id[id_] for id_ in asked} == SEEN["bob"]


def test_staff_who_track_a_report_by_its_code_are_citizens(
    staff: Staff, filed: dict[str, Filed], log_in: Callable[[Account], FlaskClient]
) -> None:
    browser = log_in(staff.bob)
    assert browser.get("/work").status_code == 200
    assert browser.post("/t", data={"code": filed["lights"].code}).status_code == 200
    assert browser.post("/t", data={"code": filed["sealed"].code}).status_code == 200


def test_a_step_goes_on_as_the_program_once_its_ticket_was_found(
    hotline: Hotline, staff: Staff, filed: dict[str, Filed]
) -> None:
    """A ticket leaves its unit's sight in the statement that returns it: without `let_through` that is refused."""
    with asking_as(staff.alice):
        work.send_back(hotline, staff.alice, step_as_program(filed["lights"], "Không phải của tôi."))
    assert filed["lights"].kinds()[-1] in {"returned", "rerouted"}
    with asking_as(staff.cleared):
        opened = sealed.open_for(hotline, staff.cleared, filed["sealed"].ticket().id, "Đọc để chuyển đơn.")
    assert opened.content.text == LIGHTS_OUT


def test_whoever_says_not_for_whom_finds_nothing(hotline: Hotline, filed: dict[str, Filed]) -> None:
    """Injected: the role without its settings, and with invented ones. Expected: no row; nothing can be emptied."""
    with hotline.database.transaction() as session:
        session.execute(text(f"set local role {hotline.database.role}"))
        for setting in ("", "nobody", "program"):
            session.execute(text("select set_config('langnghe.role', :as_, true)"), {"as_": setting})
            for table in ("ticket", *sorted(of_a_ticket())):
                assert session.scalar(text(f"select count(*) from {table}")) == 0, (setting, table)
    for statement in ("truncate ticket_event", "alter table ticket disable row level security",
                      "drop policy langnghe_wall on ticket"):  # fmt: skip
        as_role = text(f"set local role {hotline.database.role}; {statement}")
        with pytest.raises(DBAPIError), hotline.database.transaction() as session:
            session.execute(as_role)


def test_figures_of_the_whole_city_hold_everything_but_what_is_sealed(
    hotline: Hotline, staff: Staff, filed: dict[str, Filed]
) -> None:
    with asking_as(staff.supervisor), wall.for_figures(), hotline.database.reading() as session:
        assert session.scalar(text("select count(*) from ticket")) == len(filed) - 1
        assert session.scalar(text("select count(*) from sealed_content")) == 0


def test_every_table_that_hangs_on_a_ticket_is_behind_the_wall(hotline: Hotline) -> None:
    """A new table fails here until the wall is built around it, which `migration.upgrade` does by itself."""
    with hotline.database.reading() as session:
        policies = text("select tablename from pg_policies where policyname = :ours")
        found = set(session.scalars(policies, {"ours": wall.POLICY}))
        assert found == {"ticket", "part"} | of_a_ticket()
        assert wall.stands(session.connection(), staff_role(hotline))


def test_a_wall_for_another_role_or_of_another_release_is_no_wall_and_is_built_anew(hotline: Hotline) -> None:
    """Injected: the setting names another role; a policy is not as this release has it. Expected: neither counts.

    With a look at the policies' names alone both do, and whoever asks as the other role sees everything.
    """
    role = staff_role(hotline)
    with hotline.database.transaction() as session:
        assert not wall.stands(session.connection(), "another_role")
        session.execute(text(f"comment on policy {wall.POLICY} on ticket is 'of another release'"))
    with hotline.database.reading() as session:
        assert not wall.stands(session.connection(), role)
    migration.upgrade(hotline.database)
    with hotline.database.reading() as session:
        assert wall.stands(session.connection(), role)


def test_an_application_that_owns_nothing_works_behind_the_same_wall(
    hotline: Hotline, staff: Staff, filed: dict[str, Filed], login: Database
) -> None:
    """The two logins of `docs/operations.md`: migrations run as the owner, everything else as one that owns nothing."""
    with login.reading() as session:
        assert session.scalar(text("select count(*) from ticket")) == len(filed)
    with asking_as(staff.bob), login.reading() as session:
        assert session.scalar(text("select count(*) from ticket")) == len(SEEN["bob"])
    for statement in ("alter table ticket_event disable trigger all", "truncate ticket_event", "drop table contact"):
        with pytest.raises(DBAPIError), login.transaction() as session:
            session.execute(text(statement))


@pytest.fixture
def login(hotline: Hotline) -> Iterator[Database]:
    """Return the installation's database as a login that owns nothing sees it."""
    name, url = "langnghe_app", hotline.settings.database_url
    grants = (
        f"create role {name} login",
        f"grant {hotline.database.role} to {name}",
        f"grant usage on schema public to {name}",
        f"grant select, insert, update, delete on all tables in schema public to {name}",
        f"grant usage on all sequences in schema public to {name}",
    )
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as owner:
        for grant in grants:
            owner.execute(grant)
        made = Database(url.replace("//langnghe@", f"//{name}@"), role=hotline.database.role)
        yield made
        made.close()
        owner.execute(f"drop owned by {name}")
        owner.execute(f"drop role {name}")


@contextmanager
def asking_as(account: Account) -> Iterator[None]:
    wall.reads_for(account)
    try:
        yield
    finally:
        wall.reads_for_nobody()


def step_as_program(filed: Filed, words: str) -> work.Step:
    """What somebody would do who has just opened the ticket's page, read outside the wall."""
    with wall.as_program():
        return step(filed, words)


def staff_role(hotline: Hotline) -> str:
    assert hotline.database.role is not None
    return hotline.database.role


def of_a_ticket() -> set[str]:
    """Return the tables that refer to a ticket."""
    return {
        table.name
        for table in Base.metadata.tables.values()
        if any(key.column.table.name == "ticket" for key in table.foreign_keys)
    }
