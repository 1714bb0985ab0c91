"""A department's queue: what is worst comes first, and paging through it misses nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.hotline import Hotline
from app.work import queue
from app.work import service as work
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Urgency
from tests.app.conftest import Clock, Filed, Road, Staff, step
from tests.pages import words

Log = Callable[[Account], FlaskClient]
ROW = re.compile(r'href="/(?:work|review)/([0-9a-f-]{36})"><bdi>')
NEXT = re.compile(r'href="(/(?:work|review)\?after=[^"]+)"')


def test_emergencies_come_first_then_what_is_due_first(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log
) -> None:
    """Overdue is simply due longest ago, so it stands on top of what is still in time; an emergency on top of all."""
    in_time, late, later, dire = (road.routed() for _ in range(4))
    for filed, days in ((late, -3), (later, -1), (in_time, 2)):
        due(hotline, filed, days)
    due(hotline, dire, 5, emergency=True)
    shown = log_in(staff.alice).get("/work").get_data(as_text=True)
    assert rows(shown) == [str(filed.ticket().id) for filed in (dire, late, later, in_time)]
    assert "2 trễ" in words(shown)
    assert "0 sắp hạn" in words(shown)
    assert "2 trong hạn" in words(shown)
    clock.forward(days=1, hours=12)
    shown = words(log_in(staff.alice).get("/work").get_data(as_text=True))
    assert "1 sắp hạn" in shown


def test_a_queue_holds_what_the_unit_must_act_on_and_nothing_else(hotline: Hotline, road: Road, staff: Staff) -> None:
    ids = {filed.ticket().id for filed in (road.routed(), road.accepted(), road.asked())}
    road.answered()
    road.returned()
    road.in_review()
    road.sealed()
    road.file()
    for account in (staff.alice, staff.supervisor, staff.coordinator, staff.cleared, staff.auditor):
        with hotline.database.reading() as session:
            assert {t.id for t in queue.page(session, account, hotline.now()).tickets} == ids, account.username
    for account in (staff.bob, staff.admin, staff.call_taker):
        with hotline.database.reading() as session:
            assert queue.page(session, account, hotline.now()).tickets == [], account.username


def test_paging_shows_each_of_120_tickets_once_though_the_queue_moves_meanwhile(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    """Paged by key: what arrives or leaves on the pages before neither repeats nor hides a ticket."""
    expected = many(hotline, road, 120)
    alice = log_in(staff.alice)
    first = alice.get("/work").get_data(as_text=True)
    arrived = road.routed()
    due(hotline, arrived, -9, emergency=True)
    with hotline.database.transaction() as session:  # one of the first page is done with
        session.get_one(Ticket, UUID(expected[7])).department_id = None
    second = alice.get(following(first)).get_data(as_text=True)
    third = alice.get(following(second)).get_data(as_text=True)
    assert [len(rows(page)) for page in (first, second, third)] == [50, 50, 20]
    assert rows(first) + rows(second) + rows(third) == expected
    assert NEXT.search(third) is None


def test_the_api_pages_through_the_same_queue(
    hotline: Hotline, road: Road, staff: Staff, client: FlaskClient, bearer: Callable[[Account], dict[str, str]]
) -> None:
    expected = many(hotline, road, 60)
    headers = bearer(staff.alice)
    first = client.get("/api/v1/tickets", headers=headers).get_json()
    second = client.get("/api/v1/tickets", headers=headers, query_string={"after": first["next"]}).get_json()
    assert [ticket["id"] for ticket in first["tickets"] + second["tickets"]] == expected
    assert second["next"] is None


def test_a_full_page_that_is_the_last_has_no_next(hotline: Hotline, road: Road, staff: Staff, log_in: Log) -> None:
    many(hotline, road, 50)
    shown = log_in(staff.alice).get("/work").get_data(as_text=True)
    assert len(rows(shown)) == 50
    assert NEXT.search(shown) is None


@pytest.mark.parametrize("where", ["/work", "/review"])
def test_a_place_in_the_queue_that_we_never_gave_is_not_found(staff: Staff, log_in: Log, where: str) -> None:
    browser = log_in(staff.coordinator)
    some_id = staff.bob.id.hex
    for after in (
        "x",
        f"1_2026-03-03_{some_id}",
        f"1_2026-03-03T00:00:00_{some_id}",
        f"9_2026-03-03T00:00:00+00:00_{some_id}",
        f"99999999999999999999_2026-03-03T00:00:00+00:00_{some_id}",
        f"1_0001-01-01T00:00:00+14:00_{some_id}",
        "1_2026-03-03T00:00:00+00:00_x",
    ):
        assert browser.get(where, query_string={"after": after}).status_code == 404, after


def test_the_coordinators_queue_pages_from_the_longest_waiting_emergencies_first(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    expected = many(hotline, road, 60, submission_type="khieu-nai")
    dire = expected.pop(55)
    with hotline.database.transaction() as session:
        session.get_one(Ticket, UUID(dire)).urgency = Urgency.EMERGENCY
    coordinator = log_in(staff.coordinator)
    first = coordinator.get("/review").get_data(as_text=True)
    second = coordinator.get(following(first)).get_data(as_text=True)
    assert rows(first) + rows(second) == [dire, *expected]
    assert NEXT.search(second) is None


def test_an_empty_queue_says_so(staff: Staff, log_in: Log) -> None:
    assert "Không có phiếu nào đang chờ" in words(log_in(staff.bob).get("/work").get_data(as_text=True))
    assert "Không còn phiếu nào chờ" in words(log_in(staff.coordinator).get("/review").get_data(as_text=True))


def test_what_is_accepted_stays_where_it_was(hotline: Hotline, road: Road, staff: Staff) -> None:
    first, second = road.routed(), road.routed()
    due(hotline, first, 1)
    due(hotline, second, 2)
    work.accept(hotline, staff.alice, step(second))
    with hotline.database.reading() as session:
        found = queue.page(session, staff.alice, hotline.now()).tickets
        assert [t.id for t in found] == [first.ticket().id, second.ticket().id]


def due(hotline: Hotline, filed: Filed, days: int, *, emergency: bool = False) -> None:
    """Set how many days from now a ticket is due, and whether it is an emergency."""
    with hotline.database.transaction() as session:
        ticket = session.get_one(Ticket, filed.ticket().id)
        ticket.resolve_due_at = hotline.now() + timedelta(days=days)
        ticket.urgency = Urgency.EMERGENCY if emergency else Urgency.NORMAL


def many(hotline: Hotline, road: Road, count: int, **fields: str) -> list[str]:
    """File so many reports, triaged together; return their ids in the order in which they stand in the queue.

    Every fifth is due at the same instant as the one before it, so that the order within one instant counts too.
    """
    for _ in range(count):
        road.file(**fields)
    road.triage()
    with hotline.database.transaction() as session:
        tickets = list(session.scalars(select(Ticket).order_by(Ticket.id)))
        for number, ticket in enumerate(tickets):
            at = hotline.now() + timedelta(minutes=number - number % 5)
            ticket.received_at = at
            ticket.resolve_due_at = at + timedelta(days=2)
    return [str(ticket.id) for ticket in tickets]


def rows(page: str) -> list[str]:
    return ROW.findall(page)


def following(page: str) -> str:
    """Return where the link to the next part of a queue leads."""
    found = NEXT.search(page)
    assert found
    return unescape(found[1])
