"""One step on many tickets: held for ten seconds, then each by itself; undone, it never was."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError, NoResultFound, OperationalError

from app.bench.scratch import RedisServer
from app.consistency import violations
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Refused
from app.review import service as review
from app.triage.relay import Relay
from app.work import bulk, queue
from app.work import service as work
from app.work.bulk import Chosen, Wish
from app.work.filters import Filter
from models.account import Account
from models.return_reasons import return_reasons
from models.ticket import Ticket
from models.vocabulary import Status
from models.worklist import Bulk, BulkStep, TicketMark
from tests.app.conftest import BUSES, Clock, Filed, Road, Staff, step
from tests.pages import hidden, post_form, words

Log = Callable[[Account], FlaskClient]


def test_a_step_on_many_is_taken_when_ten_seconds_are_over_and_not_before(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = [road.routed() for _ in range(3)]
    bulk.hold(hotline, staff.alice, wish("accept", *filed))
    clock.forward(seconds=9.9)
    assert bulk.carry_out(hotline) == 0
    assert statuses(filed) == {Status.ROUTED}
    clock.forward(seconds=0.1)
    assert bulk.carry_out(hotline) == 3
    assert statuses(filed) == {Status.IN_PROGRESS}
    assert bulk.carry_out(hotline) == 0
    for one in filed:
        assert one.kinds()[-1] == "accepted"
        event = one.ticket().events[-1]
        assert (event.actor_id, event.at) == (staff.alice.id, clock())
    outcome = latest(hotline, staff.alice)
    assert (outcome.done, outcome.refused, outcome.held) == (3, [], False)
    with hotline.database.reading() as session:
        assert violations(session) == []


def test_what_is_undone_never_happened(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = [road.routed() for _ in range(2)]
    before = [(one.ticket().version, one.kinds()) for one in filed]
    made = bulk.hold(hotline, staff.alice, wish("return", *filed, reason="Của phường.", code="other"))
    bulk.undo(hotline, staff.alice, made.id)
    bulk.undo(hotline, staff.alice, made.id)  # a double click
    clock.forward(minutes=5)
    assert bulk.carry_out(hotline) == 0
    assert [(one.ticket().version, one.kinds()) for one in filed] == before
    with hotline.database.reading() as session:
        kept = session.get_one(Bulk, made.id)
        assert (kept.words, kept.begun_at, kept.done_at) == (None, None, None)


def test_what_was_begun_cannot_be_undone(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.routed()
    made = bulk.hold(hotline, staff.alice, wish("accept", filed))
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    with pytest.raises(Conflict):
        bulk.undo(hotline, staff.alice, made.id)
    assert filed.status() is Status.IN_PROGRESS


def test_a_bulk_is_undone_by_whom_it_is_of_alone(hotline: Hotline, road: Road, staff: Staff) -> None:
    made = bulk.hold(hotline, staff.alice, wish("accept", road.routed()))
    for account in (staff.bob, staff.supervisor):
        with pytest.raises(NotFound):
            bulk.undo(hotline, account, made.id)


def test_each_ticket_keeps_its_version_and_those_refused_are_named_with_the_reason(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, log_in: Log
) -> None:
    """Somebody was faster with one, another is not to be accepted, a third has gone to another unit."""
    good, stale, wrong, gone = road.routed(), road.routed(), road.accepted(), road.routed()
    made = wish("accept", good, stale, wrong, gone)
    work.accept(hotline, staff.supervisor, step(stale))
    bulk.hold(hotline, staff.alice, made)
    with hotline.database.transaction() as session:
        session.get_one(Ticket, gone.ticket().id).department_id = BUSES
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    assert good.status() is Status.IN_PROGRESS
    outcome = latest(hotline, staff.alice)
    assert outcome.done == 1
    assert {ticket.id: code for ticket, code in outcome.refused} == {
        stale.ticket().id: "stale",
        wrong.ticket().id: "transition",
    }
    page = words(log_in(staff.alice).get("/work").get_data(as_text=True))
    assert "Đã nhận xử lý 1 phiếu." in page
    assert "2 phiếu không làm được:" in page
    assert "Phiếu vừa được người khác cập nhật" in page
    assert "1 phiếu không còn ở đơn vị bạn" in page


def test_many_are_given_back_with_one_reason_that_is_kept_with_each_and_nowhere_else(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = [road.routed() for _ in range(2)]
    made = bulk.hold(hotline, staff.alice, wish("return", *filed, reason="Của phường.", code="ward-level"))
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    assert statuses(filed) <= {Status.RETURNED, Status.ROUTED}
    for one in filed:
        (returned,) = [event for event in one.ticket().events if event.kind == "returned"]
        assert (returned.internal_text, returned.data["reason"]) == ("Của phường.", "ward-level")
    with hotline.database.reading() as session:
        assert session.get_one(Bulk, made.id).words is None


def test_many_are_given_to_a_person_by_who_leads_and_taken_by_a_handler(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    mine, theirs = road.routed(), road.routed()
    bulk.hold(hotline, staff.alice, wish("assign", mine, person=str(staff.alice.id)))
    bulk.hold(hotline, staff.supervisor, wish("assign", theirs, person=str(staff.alice.id)))
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    assert mine.ticket().assignee_id == theirs.ticket().assignee_id == staff.alice.id
    bulk.hold(hotline, staff.alice, wish("assign", mine, person=str(staff.supervisor.id)))
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    assert [code for _, code in latest(hotline, staff.alice).refused] == ["leader_gives"]
    for nobody in (str(staff.bob.id), "x", str(uuid4())):
        with pytest.raises(Refused) as refused:
            bulk.hold(hotline, staff.supervisor, wish("assign", mine, person=nobody))
        assert refused.value.problems[0].code == "unknown_person"


def test_a_mark_for_later_is_its_persons_alone_and_nothing_that_happens_to_the_ticket(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed, other = road.routed(), road.routed()
    before = (filed.ticket().version, filed.kinds())
    for _ in range(2):  # twice is once
        bulk.hold(hotline, staff.alice, wish("later", filed))
        clock.forward(seconds=10)
        bulk.carry_out(hotline)
    assert (filed.ticket().version, filed.kinds()) == before
    assert later(hotline, staff.alice) == [filed.ticket().id]
    assert later(hotline, staff.supervisor) == []
    bulk.hold(hotline, staff.alice, wish("not_later", filed, other))
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    assert later(hotline, staff.alice) == []


def test_a_relay_that_dies_in_the_middle_is_followed_by_one_that_takes_the_rest(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: the database goes away at the second of three. Expected: each taken once, none refused.

    Noting a step in a commit of its own makes the first one `stale` the second time.
    """
    filed = [road.routed() for _ in range(3)]
    bulk.hold(hotline, staff.alice, wish("accept", *filed))
    clock.forward(seconds=10)
    accept, calls = work.accept, 0

    def breaking(*given: object) -> Ticket:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OperationalError("", None, Exception())
        return accept(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "accept", breaking)
    with pytest.raises(OperationalError):
        bulk.carry_out(hotline)
    assert [one.status() for one in filed].count(Status.IN_PROGRESS) == 1
    bulk.carry_out(hotline)
    assert statuses(filed) == {Status.IN_PROGRESS}
    assert [one.kinds().count("accepted") for one in filed] == [1, 1, 1]
    assert latest(hotline, staff.alice).refused == []


def test_two_relays_at_once_take_each_step_once(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: a second relay takes everything while the first stands before its first step."""
    filed = [road.routed() for _ in range(3)]
    bulk.hold(hotline, staff.alice, wish("accept", *filed))
    clock.forward(seconds=10)
    accept, inside = work.accept, False

    def overtaken(*given: object) -> Ticket:
        nonlocal inside
        if not inside:
            inside = True
            bulk.carry_out(hotline)
        return accept(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "accept", overtaken)
    bulk.carry_out(hotline)
    assert [one.kinds().count("accepted") for one in filed] == [1, 1, 1]
    outcome = latest(hotline, staff.alice)
    assert (outcome.done, outcome.refused) == (3, [])


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("Nguyễn Thị Lan"),
        NoResultFound("Nguyễn Thị Lan"),
        IntegrityError("Nguyễn Thị Lan", None, Exception()),
        DataError("Nguyễn Thị Lan", None, Exception()),
    ],
    ids=lambda error: type(error).__name__,
)
def test_one_ticket_that_breaks_stops_neither_the_others_nor_the_relay(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    filed = [road.routed() for _ in range(2)]
    bad = filed[0].ticket().id
    bulk.hold(hotline, staff.alice, wish("accept", *filed))
    clock.forward(seconds=10)
    accept = work.accept

    def breaking(hotline: Hotline, account: Account, what: work.Step) -> Ticket:
        if what.ticket_id == bad:
            raise error
        return accept(hotline, account, what)

    monkeypatch.setattr(work, "accept", breaking)
    bulk.carry_out(hotline)
    outcome = latest(hotline, staff.alice)
    assert (outcome.done, [(ticket.id, code) for ticket, code in outcome.refused]) == (1, [(bad, "failed")])


def test_one_bulk_that_breaks_stops_neither_the_others_nor_the_relay(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = bulk.hold(hotline, staff.alice, wish("accept", road.routed()))
    clock.forward(seconds=1)
    good = road.routed()
    bulk.hold(hotline, staff.alice, wish("accept", good))
    clock.forward(seconds=10)
    begin = bulk._begin

    def breaking(hotline: Hotline, bulk_id: UUID, now: datetime) -> Bulk | None:
        if bulk_id == bad.id:
            raise IntegrityError("", None, Exception())
        return begin(hotline, bulk_id, now)

    monkeypatch.setattr(bulk, "_begin", breaking)
    assert bulk.carry_out(hotline) == 1
    assert good.status() is Status.IN_PROGRESS


def test_who_is_shut_out_meanwhile_does_nothing_more(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.routed()
    bulk.hold(hotline, staff.alice, wish("accept", filed))
    with hotline.database.transaction() as session:
        session.get_one(Account, staff.alice.id).disabled = True
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    assert filed.status() is Status.ROUTED


def test_what_was_sealed_meanwhile_is_touched_by_nothing_and_leaves_no_mark(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.in_review()
    with hotline.database.transaction() as session:
        session.add(TicketMark(account_id=staff.alice.id, ticket_id=filed.ticket().id, marked_at=hotline.now()))
        held = Bulk(account_id=staff.alice.id, action="accept", made_at=clock(), due_at=clock())
        held.steps = [BulkStep(ticket_id=filed.ticket().id, version=1)]
        session.add(held)
    review.seal(hotline, staff.coordinator, step(filed, "Tố cáo."))
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    assert filed.status() is Status.SEALED
    with hotline.database.reading() as session:
        for table in (TicketMark, BulkStep):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_the_relay_takes_what_is_due(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock, redis: RedisServer
) -> None:
    filed = road.routed()
    bulk.hold(hotline, staff.alice, wish("accept", filed))
    clock.forward(seconds=10)
    Relay(hotline).once()
    assert filed.status() is Status.IN_PROGRESS


def test_a_handler_ticks_tickets_takes_them_up_and_undoes_it(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, clock: Clock
) -> None:
    """By forms alone, and back to the list as it was filtered."""
    filed = [road.routed() for _ in range(2)]
    alice = log_in(staff.alice)
    address = "/work?urgent=&q=den"
    page = alice.get(address).get_data(as_text=True)
    chosen = re.findall(r'name="chosen" value="([^"]+)"', page)
    assert len(chosen) == 2
    token = hidden(page, "csrf_token")
    form = {"csrf_token": token, "action": "accept", "chosen": chosen}
    answer = alice.post("/work/bulk?q=den", data=form)
    assert (answer.status_code, answer.location) == (303, "/work?q=den")
    page = alice.get(answer.location).get_data(as_text=True)
    assert "Sắp nhận xử lý 2 phiếu." in words(page)
    assert words(page).count("Sắp làm") == 2
    undo = re.search(r'action="(/work/bulk/[^"]+/undo[^"]*)"', page)
    assert undo
    assert alice.post(undo[1], data={"csrf_token": token}).location == "/work?q=den"
    assert "Sắp" not in words(alice.get("/work").get_data(as_text=True))
    alice.post("/work/bulk", data=form)
    clock.forward(seconds=11)
    bulk.carry_out(hotline)
    assert statuses(filed) == {Status.IN_PROGRESS}
    late = re.search(r"/work/bulk/[^/]+", undo[1])
    assert late
    with hotline.database.reading() as session:
        done = session.scalars(select(Bulk).where(Bulk.done_at.is_not(None))).one()
    refused = alice.post(f"/work/bulk/{done.id}/undo", data={"csrf_token": token})
    assert refused.status_code == 409
    assert "không hoàn tác được" in words(refused.get_data(as_text=True))


def test_a_step_that_will_not_do_is_refused_beside_its_field_and_what_was_ticked_stays(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log
) -> None:
    filed = road.routed()
    alice = log_in(staff.alice)
    one = f"{filed.ticket().id}:{filed.ticket().version}"
    for fields, said in (
        ({"action": "accept"}, "ít nhất một phiếu"),
        ({"action": "explode", "chosen": one}, "Bạn chọn một mục trong danh sách"),
        ({"action": "accept", "chosen": "x"}, "Không có phiếu"),
        ({"action": "accept", "chosen": [f"{uuid4()}:1" for _ in range(101)]}, "nhiều nhất 100"),
        ({"action": "return", "chosen": one, "reason": "Vì sao đây"}, "Bạn cho biết phần này"),
        ({"action": "assign", "chosen": one, "give_to": "x"}, "Đơn vị không có người này"),
    ):
        answer = post_form(alice, "/work", "/work/bulk", **fields)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422, fields
        assert said in words(page), fields
        if fields.get("chosen") == one:
            assert f'value="{one}" checked' in page
        if "reason" in fields:
            assert "Vì sao đây" in page
    strange = post_form(alice, "/work", "/work/bulk", action="accept", chosen=f"{uuid4()}:1")
    assert strange.status_code == 404
    with hotline.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Bulk)) == 0


def test_every_reason_to_give_many_back_is_offered_and_taken(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, clock: Clock
) -> None:
    filed = road.routed()
    alice = log_in(staff.alice)
    _, _, select_ = alice.get("/work").get_data(as_text=True).partition('name="reason_code"')
    offered = re.findall(r'<option value="([^"]*)"', select_.partition("</select>")[0])
    assert offered == ["", *return_reasons()]
    chosen = f"{filed.ticket().id}:{filed.ticket().version}"
    fields = {"action": "return", "chosen": chosen, "reason_code": offered[1], "reason": "Của phường."}
    assert post_form(alice, "/work", "/work/bulk", **fields).status_code == 303
    refused = post_form(alice, "/work", "/work/bulk", **(fields | {"chosen": "x"})).get_data(as_text=True)
    assert f'value="{offered[1]}" selected' in refused
    clock.forward(seconds=10)
    bulk.carry_out(hotline)
    (returned,) = [event for event in filed.ticket().events if event.kind == "returned"]
    assert returned.data["reason"] == offered[1]


def test_a_hundred_tickets_go_in_one_form(hotline: Hotline, road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed()
    chosen = [f"{filed.ticket().id}:1", *(f"{uuid4()}:1" for _ in range(99))]
    answer = post_form(log_in(staff.alice), "/work", "/work/bulk", action="accept", chosen=chosen)
    assert answer.status_code == 303


def wish(action: str, *filed: Filed, reason: str = "", code: str = "", person: str = "") -> Wish:
    """What somebody wants who has just opened the list."""
    chosen = tuple(Chosen(one.ticket().id, one.ticket().version) for one in filed)
    return Wish(action, chosen, code, reason, person)


def statuses(filed: list[Filed]) -> set[Status]:
    return {one.status() for one in filed}


def latest(hotline: Hotline, account: Account) -> bulk.Outcome:
    with hotline.database.reading() as session:
        found = bulk.latest(hotline, session, account, hotline.now() + timedelta(seconds=1))
    assert found is not None
    return found


def later(hotline: Hotline, account: Account) -> list[object]:
    with hotline.database.reading() as session:
        page = queue.page(session, account, hotline.now(), None, Filter(later="1"))
        return [ticket.id for ticket in page.tickets]
