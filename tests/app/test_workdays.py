"""The calendar that administrators edit: who may, what is kept of it, and what it does to open deadlines."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app import deadlines
from app.admin.service import decide_on_day
from app.coordination import service as coordination
from app.hotline import Hotline
from app.problems import Refused
from app.review import service as review
from app.review.service import Choice
from app.tracking import service as tracking
from app.workdays import Decision
from models.account import Account
from models.calendar import CalendarChange
from models.coordination import Part
from models.ticket import Deadline, Ticket
from models.vocabulary import DeadlineKind
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step
from tests.pages import post_form, words

Log = Callable[[Account], FlaskClient]
PAGE = "/admin/calendar"
#: `TUESDAY` is 3 March 2026; lights are promised in three working days, so by Friday 6 March, 17:00.
THURSDAY, FRIDAY, SATURDAY = date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 7)
FRIDAY_EVENING = datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
MONDAY_EVENING = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)


def test_a_change_is_kept_with_who_and_why_and_shown(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    admin = log_in(staff.admin)
    fields = {"day": "2026-03-05", "working": "off", "reason": "Bão số 1, công điện 15"}
    assert post_form(admin, PAGE, PAGE, **fields).status_code == 303
    (row,) = rows(hotline)
    assert (row.day, row.working, row.reason) == (THURSDAY, False, "Bão số 1, công điện 15")
    assert (row.author, row.actor_id, row.at) == ("Admin", staff.admin.id, hotline.now())
    page = words(admin.get(f"{PAGE}?year=2026").get_data(as_text=True))
    assert "Bão số 1, công điện 15 Quản trị viên đổi" in page
    assert "nghỉ · Admin" in page
    undo = {"day": "2026-03-05", "reason": "Bão đổi hướng"}
    assert post_form(admin, PAGE, f"{PAGE}/unset", **undo).status_code == 303
    assert [(row.working, row.reason) for row in rows(hotline)] == [(False, "Bão số 1, công điện 15"),
                                                                  (None, "Bão đổi hướng")]  # fmt: skip
    assert "Quản trị viên đổi" not in words(admin.get(f"{PAGE}?year=2026").get_data(as_text=True))


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"day": "hôm nay", "working": "off", "reason": "x"}, "day", "Ngày này không có"),
        ({"day": "0001-01-01", "working": "off", "reason": "x"}, "day", "Chọn một ngày từ"),
        ({"day": "9999-12-31", "working": "off", "reason": "x"}, "day", "Chọn một ngày từ"),
        ({"day": "2026-03-05", "working": "maybe", "reason": "x"}, "working", "Chỉ nhận một trong"),
        ({"day": "2026-03-05", "working": "off", "reason": " "}, "reason", "Bạn cho biết phần này"),
        ({"day": "2026-03-05", "working": "off", "reason": "ạ" * 301}, "reason", "dài quá"),
        ({"day": "2026-03-07", "working": "off", "reason": "x"}, "day", "đã là ngày nghỉ"),
        ({"day": "2026-03-05", "working": "worked", "reason": "x"}, "day", "đã là ngày làm việc"),
    ],
)
def test_what_cannot_be_decided_is_refused_beside_its_field(
    hotline: Hotline, staff: Staff, log_in: Log, fields: dict[str, str], field: str, code: str
) -> None:
    answer = post_form(log_in(staff.admin), PAGE, PAGE, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    assert code in page
    assert rows(hotline) == []


def test_nothing_that_was_not_decided_can_be_undone(hotline: Hotline) -> None:
    """2 January is off by the city's file, and no administrator has said anything."""
    with pytest.raises(Refused, match="calendar_unset"):
        decide(hotline, date(2026, 2, 17), None)


def test_a_decision_cannot_be_rewritten_or_taken_away(hotline: Hotline) -> None:
    decide(hotline, THURSDAY, False)
    for change in ("update calendar_change set reason = 'khác'", "delete from calendar_change"):
        with pytest.raises(DBAPIError, match="append-only"), hotline.database.transaction() as session:
            session.execute(text(change))


def test_other_processes_take_a_change_up_without_a_restart(hotline: Hotline) -> None:
    other = Hotline(hotline.settings, hotline.database, hotline.keys, hotline.now)
    assert works(other, THURSDAY)
    decide(hotline, THURSDAY, False)
    assert not works(other, THURSDAY)
    decide(hotline, THURSDAY, None)
    assert works(other, THURSDAY)
    assert hotline.city.calendar.is_working_day(THURSDAY)


def test_a_report_filed_after_a_change_is_promised_by_it(hotline: Hotline, road: Road) -> None:
    decide(hotline, THURSDAY, False)
    filed = road.routed()
    with hotline.database.reading() as session:
        version = hotline.calendar(session).version
    assert due(filed) == MONDAY_EVENING
    assert {deadline.calendar_version for deadline in filed.ticket().deadlines} == {version}


def test_open_deadlines_move_once_with_the_calendar_and_everybody_sees_the_new_date(
    hotline: Hotline, road: Road, staff: Staff, log_in: Log, client: FlaskClient
) -> None:
    filed = road.accepted()
    assert due(filed) == FRIDAY_EVENING
    decide(hotline, THURSDAY, False)
    assert [recompute(hotline), recompute(hotline)] == [1, 0]
    ticket = filed.ticket()
    assert due(filed) == ticket.resolve_due_at == MONDAY_EVENING
    assert filed.kinds() == ["received", "triaged", "accepted", "deadline_moved"]
    data = ticket.events[-1].data
    assert (data["before"], data["due_at"]) == (FRIDAY_EVENING.isoformat(), MONDAY_EVENING.isoformat())
    assert data["calendar"] == deadline_of(filed).calendar_version
    shown = words(client.post("/t", data={"code": filed.code}).get_data(as_text=True))
    assert "Trả lời trước Thứ Hai 9/3, 17:00" in shown
    assert "Lịch làm việc đổi" not in shown
    page = words(log_in(staff.alice).get(f"/work/{ticket.id}").get_data(as_text=True))
    assert "Lịch làm việc đổi nên hạn đổi theo" in page
    assert "Hạn mới Thứ Hai 9/3, 17:00" in page


def test_what_a_helper_owes_moves_with_what_the_lead_owes(hotline: Hotline, road: Road, staff: Staff) -> None:
    early, late = road.accepted(), road.accepted()
    coordination.ask_unit(hotline, staff.alice, step(early, "Trụ đèn ở trạm xe buýt."), BUSES)
    before = part_of(hotline, early).due_at
    decide(hotline, date(2026, 3, 4), False)
    assert recompute(hotline) == 2
    coordination.ask_unit(hotline, staff.alice, step(late, "Trụ đèn ở trạm xe buýt."), BUSES)
    moved = part_of(hotline, early)
    assert moved.due_at > before
    assert (moved.due_at, moved.calendar_version) == (
        part_of(hotline, late).due_at,
        part_of(hotline, late).calendar_version,
    ), "as if it had been asked for after the change"


def test_a_change_that_moves_no_date_leaves_no_event(hotline: Hotline, road: Road) -> None:
    filed = road.routed()
    decide(hotline, date(2026, 5, 5), False)
    assert recompute(hotline) == 1
    assert filed.kinds() == ["received", "triaged"]
    assert recompute(hotline) == 0


def test_what_is_met_or_has_passed_stays_as_it_was(hotline: Hotline, road: Road, clock: Clock) -> None:
    answered, late = road.answered(), road.accepted()
    clock.at = datetime(2026, 3, 6, 11, 0, tzinfo=UTC)
    before = [deadline_of(filed).calendar_version for filed in (answered, late)]
    decide(hotline, FRIDAY, False)
    assert recompute(hotline) == 0
    assert [due(filed) for filed in (answered, late)] == [FRIDAY_EVENING, FRIDAY_EVENING]
    assert [deadline_of(filed).calendar_version for filed in (answered, late)] == before


def test_a_relay_that_was_away_applies_a_change_as_of_when_it_was_made(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    """Decided on Wednesday; the relay comes back on Saturday, when the old date has passed and the new one has not."""
    filed = road.accepted()
    clock.forward(days=1)
    decide(hotline, THURSDAY, False)
    clock.forward(days=3)
    assert recompute(hotline) == 1
    assert due(filed) == MONDAY_EVENING
    assert recompute(hotline) == 0


def test_nobody_is_late_by_a_decision_made_afterwards(hotline: Hotline, road: Road, clock: Clock) -> None:
    """On Friday noon it is said that last Saturday, 28 February, was worked: Thursday would have been the day."""
    clock.at = datetime(2026, 2, 27, 2, 0, tzinfo=UTC)
    filed = road.routed()
    assert due(filed) == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    clock.at = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
    decide(hotline, date(2026, 2, 28), True)
    assert recompute(hotline) == 1
    assert due(filed) == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
    assert "deadline_moved" not in filed.kinds()


def test_pauses_are_lived_through_again_by_the_new_calendar(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    """Asked on Tuesday at nine, answered on Thursday at nine: two working days, or one once Wednesday is off."""
    filed = road.asked()
    clock.forward(days=2)
    tracking.add_information(hotline, filed.code, "Trụ số bốn.")
    assert due(filed) == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
    decide(hotline, date(2026, 3, 4), False)
    assert recompute(hotline) == 1
    # three days without Wednesday end on Monday evening, and one day of waiting makes it Tuesday
    assert due(filed) == datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
    decide(hotline, date(2026, 3, 10), False)
    assert recompute(hotline) == 1
    assert due(filed) == datetime(2026, 3, 11, 10, 0, tzinfo=UTC)


def test_a_ticket_that_waits_for_its_citizen_moves_too_and_goes_on_waiting(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    filed = road.asked()
    clock.forward(days=5)
    decide(hotline, date(2026, 3, 13), False)
    decide(hotline, THURSDAY, False)
    assert recompute(hotline) == 1
    assert due(filed) == MONDAY_EVENING
    assert deadline_of(filed).paused_at == clock.at.replace(day=3)


def test_many_deadlines_are_computed_in_batches_and_by_two_relays_once(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    """Two relays begin at the same moment: each ticket has one event, whoever of them wrote it."""
    filed = [road.file() for _ in range(12)]
    road.triage()
    decide(hotline, THURSDAY, False)
    seen, both = [], threading.Barrier(2)

    def relay() -> None:
        both.wait()
        while count := recompute(hotline, limit=3):
            seen.append(count)

    relays = [threading.Thread(target=relay) for _ in range(2)]
    for one in relays:
        one.start()
    for one in relays:
        one.join()
    while recompute(hotline):
        pass
    assert all(due(one) == MONDAY_EVENING for one in filed)
    assert [one.kinds().count("deadline_moved") for one in filed] == [1] * 12
    assert max(seen) <= 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_somebody_held_when_the_calendar_changed_is_computed_when_they_let_it_go(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    """Injected: a ticket is locked while all others are computed, and its old date passes before the next look.

    On SQLite one writes at a time, so nobody holds a row.
    """
    held, free = road.accepted(), road.accepted()
    clock.forward(days=1)
    decide(hotline, THURSDAY, False)
    with hotline.database.transaction() as session:
        session.get_one(Ticket, held.ticket().id, with_for_update=True)
        assert recompute(hotline) == 1
    assert (due(held), due(free)) == (FRIDAY_EVENING, MONDAY_EVENING)
    clock.forward(days=3)
    assert recompute(hotline) == 1
    assert due(held) == MONDAY_EVENING
    assert recompute(hotline) == 0


def test_what_was_set_before_this_release_keeps_the_date_it_was_promised(hotline: Hotline, road: Road) -> None:
    filed = road.routed()
    with hotline.database.transaction() as session:
        session.execute(text("update deadline set working_days = null"))
    decide(hotline, THURSDAY, False)
    recompute(hotline)
    assert due(filed) == FRIDAY_EVENING


def test_a_ticket_that_changes_hands_is_still_computed_by_what_was_promised(
    hotline: Hotline, road: Road, staff: Staff
) -> None:
    filed = road.returned()
    review.route(hotline, staff.coordinator, step(filed), Choice("land-planning-compensation", LIGHTS))
    decide(hotline, THURSDAY, False)
    recompute(hotline)
    assert due(filed) == MONDAY_EVENING


def decide(hotline: Hotline, day: date, working: bool | None) -> None:  # noqa: FBT001 - as the table has it
    decide_on_day(hotline, Decision(day, working, "Công văn 123", "Admin"))


def part_of(hotline: Hotline, filed: Filed) -> Part:
    with hotline.database.reading() as session:
        (part,) = coordination.parts_of(session, filed.ticket())
        return part


def recompute(hotline: Hotline, limit: int = 200) -> int:
    with hotline.database.transaction() as session:
        return deadlines.recompute(hotline, session, hotline.now(), limit)


def rows(hotline: Hotline) -> list[CalendarChange]:
    with hotline.database.reading() as session:
        return list(session.scalars(select(CalendarChange).order_by(CalendarChange.id)))


def works(hotline: Hotline, day: date) -> bool:
    with hotline.database.reading() as session:
        return hotline.calendar(session).is_working_day(day)


def deadline_of(filed: Filed) -> Deadline:
    return next(d for d in filed.ticket().deadlines if d.kind is DeadlineKind.RESOLVE)


def due(filed: Filed) -> datetime:
    return deadline_of(filed).due_at
