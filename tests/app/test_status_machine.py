"""The status machine: the table that was agreed, every pair of it, and two people at the same instant."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from app.hotline import Hotline
from app.tracking import service as tracking
from app.work import service as work
from models.account import Account
from models.ticket import Happening, Ticket, TicketEvent, TransitionRefused
from models.vocabulary import Channel, Status, Urgency
from models.workflow import ALLOWED
from tests.app.conftest import BUSES, LIGHTS, TUESDAY, Road, Staff, step
from tests.faults.conftest import eventually
from tests.pages import hidden, words

#: The table of the design, as it was agreed, with what ADRs 9 and 13 add.
AGREED = {
    "received": "needs_review routed sealed referred rejected merged",
    "needs_review": "routed sealed referred rejected merged answered",
    "routed": "in_progress returned closed merged",
    "returned": "routed needs_review referred sealed merged",
    "in_progress": "info_requested returned answered referred merged",
    "info_requested": "in_progress merged",
    "answered": "closed reopened",
    "reopened": "routed in_progress referred rejected sealed merged",
    "rejected": "reopened",
    "referred": "reopened",
    "merged": "needs_review",
    "closed": "reopened",
    "sealed": "referred needs_review",
}
#: How many wait for a lock in this database of PostgreSQL's.
WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
PAIRS = {(here, there): there in AGREED[here].split() for here in Status for there in Status}


def test_the_program_has_the_table_that_was_agreed() -> None:
    assert {here.value: " ".join(sorted(there)) for here, there in ALLOWED.items()} == {
        here: " ".join(sorted(there.split())) for here, there in AGREED.items()
    }


def test_a_pair_inside_the_table_leaves_one_event_and_a_pair_outside_leaves_no_trace(hotline: Hotline) -> None:
    """Check 13, every pair of Status × Status. Injected: each move, each in a transaction of its own.

    Expected: inside the table the ticket has moved and one event says from where to where; outside it the move is
    refused and neither status, version nor history have changed. Without the check in `Ticket.transition` the 127 pairs
    outside go through.
    """
    tickets = tickets_standing(hotline, [here for here, _ in PAIRS])
    for (pair, inside), ticket_id in zip(PAIRS.items(), tickets, strict=True):
        assert moved(hotline, ticket_id, pair[1]) is inside, pair
    with hotline.database.reading() as session:
        found = {ticket.id: ticket for ticket in session.scalars(select(Ticket))}
        events: dict[UUID, list[tuple[Status | None, Status | None]]] = {ticket_id: [] for ticket_id in tickets}
        for event in session.scalars(select(TicketEvent)):
            events[event.ticket_id].append((event.from_status, event.to_status))
    for ((here, there), inside), ticket_id in zip(PAIRS.items(), tickets, strict=True):
        ticket = found[ticket_id]
        expected = (there, 2, [(here, there)]) if inside else (here, 1, [])
        assert (ticket.status, ticket.version, events[ticket_id]) == expected, (here, there)
    assert sum(PAIRS.values()) == 42


def test_the_status_machine_under_contention(
    hotline: Hotline, road: Road, staff: Staff, log_in: Callable[[Account], FlaskClient]
) -> None:
    """Check 13. Injected: two people of one unit act on one ticket at the same instant, each with the page before them.

    Expected: one wins; the other gets 409 with the present state and the words they typed; one event. The lock of
    `access.find_ticket` and the version column of `Ticket` both see to it: without both, two moves are recorded.
    """
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    alice, supervisor = log_in(staff.alice), log_in(staff.supervisor)
    reply = opened(alice, page) | {"public_text": "Đã thay bóng ở trụ số bốn."}
    question = opened(supervisor, page) | {"public_text": "Trụ số mấy vậy bạn?"}
    answers = at_once(
        hotline,
        filed.ticket().id,
        lambda: alice.post(f"{page}/answer", data=reply),
        lambda: supervisor.post(f"{page}/ask", data=question),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    first = answers[0].status_code == 303
    lost = answers[1 if first else 0].get_data(as_text=True)
    assert "Phiếu vừa được người khác cập nhật" in words(lost)
    assert ("Đã trả lời" if first else "Chờ người dân bổ sung") in words(lost)
    assert (question if first else reply)["public_text"] in lost
    assert filed.kinds() == ["received", "triaged", "accepted", "answered" if first else "info_requested"]


def test_two_coordinators_cannot_send_one_ticket_to_two_units(
    hotline: Hotline, road: Road, staff: Staff, bearer: Callable[[Account], dict[str, str]], app: Flask
) -> None:
    """Check 13, in the API. Injected: two coordinators route one ticket at the same instant. Expected: one lead."""
    filed = road.in_review()
    ticket = filed.ticket()
    where = f"/api/v1/tickets/{ticket.id}/route"
    choice = {"version": ticket.version, "topic_slug": "street-lighting"}

    def send(account: Account, department: str) -> Callable[[], TestResponse]:
        headers = bearer(account)
        return lambda: app.test_client().post(where, json=choice | {"department_id": department}, headers=headers)

    answers = at_once(hotline, ticket.id, send(staff.coordinator, LIGHTS), send(staff.cleared, BUSES))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    won = LIGHTS if answers[0].status_code == 200 else BUSES
    assert filed.ticket().department_id == won
    assert [a.department_id for a in filed.ticket().assignments if a.ended_at is None] == [won]
    assert filed.kinds() == ["received", "triaged", "reviewed"]


def test_an_old_page_changes_nothing_though_the_table_would_allow_it(
    hotline: Hotline, road: Road, staff: Staff, log_in: Callable[[Account], FlaskClient]
) -> None:
    """Check 13. Injected: a reply from a page opened before a colleague asked and the citizen answered.

    Expected: 409 with what the citizen said meanwhile and with the reply still there; nothing sent. The ticket is in
    work again, so only the comparison of versions in `work.service.move` knows: without it the reply goes out.
    """
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    old = opened(alice, page) | {"public_text": "Không tìm thấy trụ nào bị tắt."}
    work.ask(hotline, staff.supervisor, step(filed, "Trụ số mấy vậy bạn?"))
    tracking.add_information(hotline, filed.code, "Trụ số bốn, ngay đầu hẻm.")
    answer = alice.post(f"{page}/answer", data=old)
    assert answer.status_code == 409
    shown = answer.get_data(as_text=True)
    assert "Không tìm thấy trụ nào bị tắt." in shown
    assert "Trụ số bốn, ngay đầu hẻm." in words(shown)
    assert filed.kinds() == ["received", "triaged", "accepted", "info_requested", "info_received"]
    again = alice.post(f"{page}/answer", data=old | {"version": hidden(shown, "version")})
    assert again.status_code == 303
    assert filed.status() is Status.ANSWERED


def test_a_step_that_does_not_say_what_was_seen_is_an_old_one(
    road: Road, staff: Staff, log_in: Callable[[Account], FlaskClient]
) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    fields = opened(alice, page)
    for version in ("", "-1", "x", "1.0", "99999999999", "١"):
        assert alice.post(f"{page}/accept", data=fields | {"version": version}).status_code == 409
    assert filed.status() is Status.ROUTED


def tickets_standing(hotline: Hotline, places: list[Status]) -> list[UUID]:
    """Make a ticket a place, none of them with a history."""
    tickets = [
        Ticket(
            code_hash=f"{number:064}",
            _status=here,
            channel=Channel.WEB,
            text="Đèn đường tắt",
            search_text="den duong tat",
            received_at=TUESDAY,
            urgency=Urgency.NORMAL,
        )
        for number, here in enumerate(places)
    ]
    with hotline.database.transaction() as session:
        session.add_all(tickets)
    return [ticket.id for ticket in tickets]


def moved(hotline: Hotline, ticket_id: UUID, there: Status) -> bool:
    """Try to move a ticket, and commit whatever came of it; tell whether it was allowed."""
    with hotline.database.transaction() as session:
        ticket = session.get_one(Ticket, ticket_id)
        try:
            ticket.transition(there, Happening("moved", TUESDAY))
        except TransitionRefused:
            return False
        return True


def opened(browser: FlaskClient, page: str) -> dict[str, str]:
    """Open a ticket's page and return what its forms carry."""
    shown = browser.get(page).get_data(as_text=True)
    return {name: hidden(shown, name) for name in ("csrf_token", "version")}


def at_once(hotline: Hotline, ticket_id: UUID, *acts: Callable[[], TestResponse]) -> list[TestResponse]:
    """Do these things in a thread each; all meet at the ticket's lock, which is held until they have come."""
    started = Barrier(len(acts) + 1)

    def run(act: Callable[[], TestResponse]) -> TestResponse:
        started.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        with hotline.database.transaction() as session:
            session.get_one(Ticket, ticket_id, with_for_update=True)
            coming = [pool.submit(run, act) for act in acts]
            started.wait(10)
            if not hotline.settings.is_sqlite:  # SQLite tells nobody who waits
                eventually(lambda: waiting(hotline) == len(acts), 10)
        return [done.result() for done in coming]


def waiting(hotline: Hotline) -> int:
    """Return how many wait for a lock in this database of PostgreSQL's."""
    here = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with hotline.database.reading() as session:
        return int(session.scalars(text(here)).one())
