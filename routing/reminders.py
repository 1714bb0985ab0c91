"""When staff are told of a deadline: at half and most of its time, when it is due, and a stated time after that.

The times are this project's proposals; `docs/operations.md` has them as a table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.vocabulary import Clock, NoticeStage
from routing.calendar import WorkingCalendar
from routing.deadlines import Run, share_of, working_days_later

#: A reminder must leave time to act: what is due within less has none before it is due.
REMIND_FROM: Final = timedelta(minutes=30)
#: Working days after which the unit above is told of a deadline in working days.
ABOVE_AFTER: Final = 1
#: Of a deadline in hours: after a quarter of its own time, within these bounds. So an emergency's hour goes up after
#: fifteen minutes and a day's supply of water after four hours.
ABOVE_SHARE: Final = 0.25
ABOVE_LEAST, ABOVE_MOST = timedelta(minutes=15), timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One stage of a deadline, and when it comes (in UTC)."""

    stage: NoticeStage
    at: datetime


def reminders(calendar: WorkingCalendar, clock: Clock, run: Run) -> tuple[Reminder, ...]:
    """Return the stages of a deadline in the order in which they come."""
    before = (
        (Reminder(stage, share_of(calendar, clock, run, share)) for stage, share in _SHARES)
        if run.due_at - run.runs_from >= REMIND_FROM
        else ()
    )
    return (
        *before,
        Reminder(NoticeStage.DUE, run.due_at),
        Reminder(NoticeStage.ABOVE, _above(calendar, clock, run)),
    )


def _above(calendar: WorkingCalendar, clock: Clock, run: Run) -> datetime:
    if clock is Clock.WORKING:
        return working_days_later(calendar, run.due_at, ABOVE_AFTER)
    return run.due_at + min(max((run.due_at - run.runs_from) * ABOVE_SHARE, ABOVE_LEAST), ABOVE_MOST)


_SHARES: Final = ((NoticeStage.HALF, 0.5), (NoticeStage.MOST, 0.8))
