"""When staff are told of a deadline: stages in order, faster for what is counted in minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from models.vocabulary import Clock, NoticeStage
from routing.city import City
from routing.deadlines import Run
from routing.reminders import reminders

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # Monday, 9:00 in Viet Nam


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (5, {"due": 5, "above": 20}),  # a reminder would leave no time to act
        (29, {"due": 29, "above": 44}),
        (30, {"half": 15, "most": 24, "due": 30, "above": 45}),
        (60, {"half": 30, "most": 48, "due": 60, "above": 75}),  # an emergency
        (120, {"half": 60, "most": 96, "due": 120, "above": 150}),
        (1440, {"half": 720, "most": 1152, "due": 1440, "above": 1680}),
    ],
)
def test_a_deadline_in_hours_goes_up_after_a_quarter_of_its_time(
    hcmc: City, minutes: int, expected: dict[str, int]
) -> None:
    run = Run(START, START + timedelta(minutes=minutes))
    told = reminders(hcmc.calendar, Clock.ALWAYS, run)
    assert {r.stage.value: int((r.at - START) / timedelta(minutes=1)) for r in told} == expected
    assert [r.at for r in told] == sorted(r.at for r in told)


def test_a_deadline_in_working_days_goes_up_a_working_day_later(hcmc: City) -> None:
    run = Run(START, hcmc.calendar.end_of_working_day(START, 4))  # until Friday 6 March, 17:00
    told = {r.stage: r.at.astimezone(hcmc.calendar.zone).strftime("%a %H:%M") for r in
            reminders(hcmc.calendar, Clock.WORKING, run)}  # fmt: skip
    assert told == {
        NoticeStage.HALF: "Wed 13:45",  # 38.5 hours of work in all, 19.25 of them gone
        NoticeStage.MOST: "Fri 07:48",
        NoticeStage.DUE: "Fri 17:00",
        NoticeStage.ABOVE: "Mon 17:00",
    }
