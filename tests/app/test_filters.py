"""Lists as somebody wants them: filters, the board, what is done, and filters that are kept under a name."""

import re
from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Select, event, select, text

from app.hotline import Hotline
from app.work import filters, queue, saved
from app.work import person as people
from app.work.filters import Filter
from app.work.saved import MINE, OURS
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Status, Urgency
from models.worklist import TicketMark
from tests.app.conftest import Clock, Road, Staff, step
from tests.app.test_queue import ROW, due, following, many
from tests.pages import fields_in_error, post_form, words

Log = Callable[[Account], FlaskClient]


def test_a_filter_leaves_what_it_says_and_nothing_else(hotline: Hotline, road: Road, staff: Staff) -> None:
    new, taken, asked, dire = road.routed(), road.accepted(), road.asked(), road.routed()
    due(hotline, new, -1)
    due(hotline, taken, 1)
    due(hotline, asked, -2)  # paused, so not late
    due(hotline, dire, 3, emergency=True)
    with hotline.database.transaction() as session:
        ward = session.execute(text("select min(code) from ward")).scalar_one()
        session.get_one(Ticket, new.ticket().id).ward_code = ward
        session.get_one(Ticket, taken.ticket().id).topic_slug = "noise"
        session.get_one(Ticket, taken.ticket().id).urgency = Urgency.URGENT
        session.add(TicketMark(account_id=staff.alice.id, ticket_id=asked.ticket().id, marked_at=hotline.now()))
        session.add(TicketMark(account_id=staff.supervisor.id, ticket_id=new.ticket().id, marked_at=hotline.now()))
    people.assign(hotline, staff.supervisor, step(new), staff.supervisor.id)
    for wanted, expected in (
        (Filter(), [dire, asked, new, taken]),
        (Filter(status="routed"), [dire, new]),
        (Filter(status="in_progress"), [taken]),
        (Filter(status="info_requested"), [asked]),
        (Filter(topic="noise"), [taken]),
        (Filter(ward=ward), [new]),
        (Filter(late="1"), [new]),
        (Filter(urgent="1"), [dire, taken]),
        (Filter(later="1"), [asked]),
        (Filter(person="me"), [asked, taken]),
        (Filter(person="nobody"), [dire]),
        (Filter(person=str(staff.supervisor.id)), [new]),
        (Filter(q="den duong", late="1"), [new]),
        (Filter(status="done"), []),
    ):
        assert listed(hotline, staff.alice, wanted) == [filed.ticket().id for filed in expected], wanted


def test_what_is_done_is_read_newest_first(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    older = road.answered()
    clock.forward(hours=1)
    newer = road.answered()
    road.routed()
    assert listed(hotline, staff.alice, Filter(status="done")) == [newer.ticket().id, older.ticket().id]
    assert listed(hotline, staff.bob, Filter(status="done")) == []


def test_a_filtered_list_is_paged_without_losing_its_filter(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    expected = many(hotline, road, 60)
    alice = log_in(staff.alice)
    first = alice.get("/work?q=den+duong&status=routed").get_data(as_text=True)
    address = following(first)
    assert "q=den+duong" in address
    assert ROW.findall(first) + ROW.findall(alice.get(address).get_data(as_text=True)) == expected


def test_a_page_of_what_is_done_is_paged_backwards(hotline: Hotline, road: Road, staff: Staff) -> None:
    filed = [road.answered() for _ in range(5)]
    ids = sorted((f.ticket().received_at, f.ticket().id) for f in filed)
    seen: list[UUID] = []
    after: str | None = None
    for _ in range(3):
        with hotline.database.reading() as session:
            page = queue.page(session, staff.alice, hotline.now(), after, Filter(status="done"), size=2)
        seen += [ticket.id for ticket in page.tickets]
        after = page.after
    assert after is None
    assert seen == [ticket_id for _, ticket_id in reversed(ids)]


def test_the_place_in_one_list_is_none_in_another(hotline: Hotline, road: Road, staff: Staff, log_in: Log) -> None:
    many(hotline, road, 55)
    alice = log_in(staff.alice)
    key = re.search(r"after=([^&\"]+)", following(alice.get("/work").get_data(as_text=True)))
    assert key
    assert alice.get(f"/work?status=done&after={key[1]}").status_code == 404


def test_what_there_is_not_is_refused_by_field_and_the_list_shown_whole(road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed()
    alice = log_in(staff.alice)
    for field, value in (
        ("status", "flying"), ("status", "closed"), ("topic", "dragons"), ("ward", "x"), ("person", "x"), ("late", "2"),
        ("urgent", "yes"), ("q", "x" * 201),
    ):  # fmt: skip
        for base in ("", "show=board&"):
            answer = alice.get(f"/work?{base}{urlencode({field: value})}")
            assert answer.status_code == 422, (field, value)
            page = answer.get_data(as_text=True)
            assert "Có chỗ cần xem lại" in page
            assert str(filed.ticket().id) in page


def test_the_board_has_a_column_a_status_and_says_where_there_is_more(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    many(hotline, road, 25)
    taken = road.accepted()
    page = log_in(staff.alice).get("/work?show=board&q=den").get_data(as_text=True)
    assert len(set(ROW.findall(page))) == 21
    assert str(taken.ticket().id) in page
    assert "/work?status=routed&amp;q=den" in page
    with hotline.database.reading() as session:
        columns = queue.board(session, staff.alice, Filter(), hotline.now())
    assert [(c.status, len(c.tickets), c.more) for c in columns] == [
        (Status.ROUTED, 20, True), (Status.REOPENED, 0, False), (Status.IN_PROGRESS, 1, False),
        (Status.INFO_REQUESTED, 0, False),
    ]  # fmt: skip


def test_a_long_queue_is_counted_so_far_and_says_so(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (-2, -1, 1, 2):
        due(hotline, road.routed(), days)
    for undated in (road.routed() for _ in range(3)):  # these are due last
        with hotline.database.transaction() as session:
            session.get_one(Ticket, undated.ticket().id).resolve_due_at = None
    monkeypatch.setattr(queue, "COUNTED", 3)
    with hotline.database.reading() as session:
        counts = queue.counts(session, staff.alice, hotline.now())
    assert counts.more
    assert counts.late == 2


def test_a_view_is_its_owners_and_a_departments_is_every_ones_of_it(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    alice = log_in(staff.alice)
    for name, scope in (("Trễ của tôi", MINE), ("Trễ của đơn vị", OURS)):
        answer = post_form(alice, "/work?late=1", "/work/views?late=1", name=name, scope=scope)
        assert (answer.status_code, answer.location) == (303, "/work?late=1")
    assert names(hotline, staff.alice) == ["Trễ của đơn vị", "Trễ của tôi"]
    assert names(hotline, staff.supervisor) == ["Trễ của đơn vị"]
    assert names(hotline, staff.bob) == names(hotline, staff.coordinator) == []
    shown = log_in(staff.supervisor).get("/work").get_data(as_text=True)
    assert re.search(r'href="/work\?late=1"[^>]*>.*Trễ của đơn vị', shown)


def test_a_view_is_removed_by_whose_it_is_who_made_it_or_who_leads(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    mine = saved.keep(hotline, staff.alice, "Của tôi", MINE, Filter(late="1"))
    ours = saved.keep(hotline, staff.alice, "Của đơn vị", OURS, Filter(late="1"))
    theirs = saved.keep(hotline, staff.supervisor, "Của lãnh đạo", OURS, Filter(urgent="1"))
    for account, view, status in (
        (staff.bob, mine, 404), (staff.bob, ours, 404), (staff.supervisor, mine, 404), (staff.alice, theirs, 404),
        (staff.supervisor, ours, 303), (staff.alice, mine, 303), (staff.alice, mine, 404),
    ):  # fmt: skip
        assert post_form(log_in(account), "/work", f"/work/views/{view.id}/remove").status_code == status
    assert names(hotline, staff.alice) == ["Của lãnh đạo"]


def test_a_view_that_will_not_do_is_refused_beside_its_field(
    hotline: Hotline, staff: Staff, log_in: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = log_in(staff.alice)
    saved.keep(hotline, staff.alice, "Trễ", MINE, Filter(late="1"))

    def refused(where: str = "/work/views?urgent=1", **fields: str) -> str:
        answer = post_form(alice, "/work?urgent=1", where, **fields)
        assert answer.status_code == 422
        return answer.get_data(as_text=True)

    assert set(fields_in_error(refused(name="", scope="mine"))) == {"name"}
    assert set(fields_in_error(refused(name="Trễ", scope="mine"))) == {"name"}
    assert set(fields_in_error(refused(name="x" * 61, scope="mine"))) == {"name"}
    assert set(fields_in_error(refused(name="Gấp", scope="everybody"))) == {"scope"}
    assert "Bạn lọc gì đó trước" in words(refused("/work/views", name="Hết", scope="mine"))
    monkeypatch.setattr(saved, "VIEWS_MAX", 1)
    assert set(fields_in_error(refused(name="Gấp", scope="mine"))) == {"name"}
    assert names(hotline, staff.alice) == ["Trễ"]
    answer = post_form(log_in(staff.coordinator), "/work?urgent=1", "/work/views?urgent=1", name="Gấp", scope="ours")
    assert answer.status_code == 422


def test_a_filter_goes_into_an_address_and_back(hotline: Hotline) -> None:
    for wanted in (Filter(), Filter(status="done", q="đèn % _"), Filter(late="1", person=str(uuid4()), topic="noise")):
        assert filters.parse_filter(hotline, wanted.as_query()) == wanted


def test_the_indexes_of_what_waits_and_is_done_are_used(hotline: Hotline, road: Road, staff: Staff) -> None:
    """A database takes a partial index only where it sees that the query's condition is its own."""
    for wanted, partial in ((Filter(), "ix_ticket_(waiting|danger)"), (Filter(status="done"), "ix_ticket_done")):
        for band in queue._bands(wanted)[:2]:
            conditions = (Ticket.department_id == staff.alice.department_id, band.condition)
            query = select(Ticket.id).where(*conditions).order_by(*band.order).limit(51)
            assert re.search(partial, plan(hotline, query)), band.name


def plan(hotline: Hotline, query: Select[UUID]) -> str:
    """Return how the database goes about a query, with the parameters apart as in service."""
    with hotline.database.reading() as session:
        on_postgresql = session.get_bind().dialect.name == "postgresql"
        if on_postgresql:
            session.execute(text("set local enable_seqscan = off"))  # a table of no rows is always read whole
        statements: list[tuple[str, object]] = []
        event.listen(
            session.get_bind(), "before_cursor_execute", lambda _c, _u, sql, given, *_m: statements.append((sql, given))
        )
        session.execute(query)
        sql, given = statements[-1]
        how = "EXPLAIN " if on_postgresql else "EXPLAIN QUERY PLAN "
        rows = session.connection().exec_driver_sql(how + sql, given)  # type: ignore[arg-type]
        return "\n".join(str(row) for row in rows)


def listed(hotline: Hotline, account: Account, wanted: Filter) -> list[UUID]:
    with hotline.database.reading() as session:
        return [ticket.id for ticket in queue.page(session, account, hotline.now(), None, wanted).tickets]


def names(hotline: Hotline, account: Account) -> list[str]:
    with hotline.database.reading() as session:
        return [view.name for view in saved.views(session, account)]
