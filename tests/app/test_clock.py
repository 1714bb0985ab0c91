"""A clock that somebody corrects: nothing that is due is lost, and nothing is younger than nothing."""

import pytest

from app.consistency import assert_consistent
from app.hotline import Hotline
from app.monitoring import service as monitoring
from app.pages.service import readiness
from app.triage.relay import Relay
from app.work import service as work
from models.vocabulary import Status
from tests.app.conftest import Clock, Road, Staff, step


@pytest.mark.usefixtures("redis")
def test_a_clock_that_steps_back_loses_nothing_that_is_due(hotline: Hotline, road: Road, clock: Clock) -> None:
    filed = road.file()
    relay = Relay(hotline)
    clock.forward(minutes=-5)
    assert relay.once() == 0
    clock.forward(minutes=5)
    assert relay.once() == 1
    road.triage()
    assert filed.status() is Status.ROUTED


@pytest.mark.usefixtures("redis")
def test_what_was_claimed_while_the_clock_was_a_day_ahead_is_due_when_it_is_right_again(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    road.file()
    relay = Relay(hotline)
    clock.forward(days=1)
    assert relay.once() == 1
    clock.forward(days=-1)
    assert relay.once() == 1
    assert relay.once() == 0


@pytest.mark.usefixtures("redis")
def test_what_happens_while_the_clock_is_behind_keeps_its_order_and_every_law(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    filed = road.routed()
    clock.forward(minutes=-5)
    work.accept(hotline, staff.alice, step(filed))
    assert filed.kinds() == ["received", "triaged", "accepted"]
    work.answer(hotline, staff.alice, step(filed, "Đã thay bóng."))
    with hotline.database.reading() as session:
        assert_consistent(session)
    ages = [line for line in monitoring.exposition(hotline).decode().splitlines() if "age" in line or "delay" in line]
    assert not [line for line in ages if line.split()[-1].startswith("-")]
    assert {check.name: check.ok for check in readiness(hotline)}["database"]
