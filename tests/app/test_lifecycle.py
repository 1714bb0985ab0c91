"""What time alone moves: an answer that nobody contests, a question that nobody answers."""

from datetime import UTC, datetime

from app import lifecycle
from app.hotline import Hotline
from app.tracking import service as tracking
from app.work import service as work
from models.vocabulary import Status
from tests.app.conftest import Clock, Road, Staff, step


def test_an_answer_closes_after_seven_days_and_not_before(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.answered()
    clock.forward(days=7, seconds=-1)
    assert advance(hotline) == 0
    assert filed.status() is Status.ANSWERED
    clock.forward(seconds=1)
    assert advance(hotline) == 1
    assert filed.status() is Status.CLOSED
    event = filed.ticket().events[-1]
    assert (event.kind, event.actor_id, event.data) == ("closed", None, {"by": "time"})
    assert advance(hotline) == 0


def test_a_second_answer_has_seven_days_of_its_own(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.answered()
    clock.forward(days=6)
    tracking.reopen(hotline, filed.code, "Tối qua lại tắt.")
    clock.forward(days=6)
    assert advance(hotline) == 0
    work.accept(hotline, staff.alice, step(filed))
    work.answer(hotline, staff.alice, step(filed, "Đã thay cả bộ."))
    clock.forward(days=6)
    assert advance(hotline) == 0
    assert filed.status() is Status.ANSWERED


def test_a_question_waits_five_working_days_over_holidays_and_weekends(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    """Asked on Tuesday 28 April. 30 April and 1 May are holidays, so the fifth working day ends on 7 May at 17."""
    clock.at = datetime(2026, 4, 28, 2, 0, tzinfo=UTC)
    filed = road.asked()
    clock.at = datetime(2026, 5, 7, 9, 59, 59, tzinfo=UTC)
    assert advance(hotline) == 0
    assert filed.status() is Status.INFO_REQUESTED
    clock.forward(seconds=1)
    assert advance(hotline) == 1
    event = filed.ticket().events[-1]
    assert (filed.status(), event.kind, event.data) == (Status.IN_PROGRESS, "resumed", {"by": "time"})


def test_a_second_question_waits_as_long_as_the_first(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.asked()
    clock.forward(days=6)
    tracking.add_information(hotline, filed.code, "Trụ số bốn.")
    work.ask(hotline, staff.alice, step(filed, "Bốn bên trái hay bên phải?"))
    clock.forward(days=6)
    assert advance(hotline) == 0
    clock.forward(days=1, hours=8)
    assert advance(hotline) == 1


def test_the_longest_waiting_go_first_however_many_wait(hotline: Hotline, road: Road, clock: Clock) -> None:
    """A round takes so many tickets; those whose time is over must not stand behind others whose time is not."""
    late = road.accepted()
    clock.forward(minutes=1)
    early = road.asked()
    clock.forward(days=2)
    work.ask(hotline, road.staff.alice, step(late, "Trụ số mấy vậy bạn?"))
    clock.forward(days=5, hours=9)
    with hotline.database.transaction() as session:
        assert lifecycle.advance(hotline, session, hotline.now(), limit=1) == 1
    assert (early.status(), late.status()) == (Status.IN_PROGRESS, Status.INFO_REQUESTED)
    answered = [road.answered() for _ in range(2)]
    clock.forward(days=8)
    with hotline.database.transaction() as session:
        assert lifecycle.advance(hotline, session, hotline.now(), limit=1) == 2
    assert sorted(filed.status() for filed in answered) == [Status.ANSWERED, Status.CLOSED]


def advance(hotline: Hotline) -> int:
    with hotline.database.transaction() as session:
        return lifecycle.advance(hotline, session, hotline.now())
