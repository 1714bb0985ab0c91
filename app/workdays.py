"""The calendar that is in force: the city's file with administrators' decisions on top, and how those are made.

One place, for pages, command line and every process: whoever computes with days asks `Hotline.calendar(session)`, which
looks at the number of the last decision and reads them anew when it has grown. So a change is taken up without restart,
in the transaction that it is first seen in.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.problems import refuse
from app.words import words_of
from models.calendar import CalendarApplied, CalendarChange
from routing.calendar import WorkingCalendar

REASON_MAX: Final = 300
#: Days that can be decided on: a storm yesterday, a holiday announced for the year after next.
BACK, AHEAD = timedelta(days=60), timedelta(days=3 * 366)


class CalendarInForce:
    """The calendar of a process, as fresh as the session that asks for it."""

    def __init__(self, city: WorkingCalendar) -> None:
        """Begin with the city's file."""
        self._city = city
        self._known: tuple[int, WorkingCalendar] = (0, city)

    def read(self, session: Session) -> WorkingCalendar:
        """Return the calendar that the decisions seen by this session make; a session, which is one transaction, looks
        once, so that all it computes is computed by one calendar.
        """
        if (seen := session.info.get(self)) is not None:
            return cast(WorkingCalendar, seen)
        newest = session.scalar(select(func.max(CalendarChange.id))) or 0
        known, calendar = self._known
        if known != newest:
            calendar = self._city.amended(decided(session)) if newest else self._city
            self._known = (newest, calendar)
        session.info[self] = calendar
        return calendar


@dataclass(frozen=True)
class Decision:
    """What somebody decides on a day: off, worked, or (None) as the city's file has it; why, and who it is."""

    day: date
    working: bool | None
    reason: str
    author: str
    actor_id: UUID | None = None


def decided(session: Session) -> dict[date, tuple[bool, str]]:
    """Return the days that are decided on at present: day → (worked, why)."""
    last = select(func.max(CalendarChange.id)).group_by(CalendarChange.day)
    standing = select(CalendarChange).where(CalendarChange.id.in_(last), CalendarChange.working.is_not(None))
    return {change.day: (bool(change.working), change.reason) for change in session.scalars(standing)}


def change(session: Session, calendar: WorkingCalendar, now: datetime, decision: Decision) -> CalendarChange:
    """Write a decision down; raise `Refused` for one that is out of range, without a reason, or changes nothing."""
    reason = words_of("reason", decision.reason, REASON_MAX)
    session.execute(select(CalendarApplied.id).with_for_update())
    refuse_pointless(calendar, now, decision)
    row = CalendarChange(
        day=decision.day,
        working=decision.working,
        reason=reason,
        author=decision.author[:120],
        actor_id=decision.actor_id,
        at=now,
    )
    session.add(row)
    return row


def refuse_pointless(calendar: WorkingCalendar, now: datetime, decision: Decision) -> None:
    """Raise `Refused` for a decision on a day out of range, or that changes nothing."""
    today = calendar.local_day(now)
    if not today - BACK <= decision.day <= today + AHEAD:
        raise refuse("day", "calendar_day", first=(today - BACK).isoformat(), last=(today + AHEAD).isoformat())
    if decision.working is None and decision.day not in calendar.changed:
        raise refuse("day", "calendar_unset")
    if decision.working is not None and calendar.is_working_day(decision.day) is decision.working:
        raise refuse("day", "calendar_worked" if decision.working else "calendar_off")


def with_decision(city: WorkingCalendar, session: Session, decision: Decision) -> WorkingCalendar:
    """Return the calendar as it would be with one decision more; nothing is written."""
    days = {day: said for day, said in decided(session).items() if day != decision.day}
    if decision.working is not None:
        days[decision.day] = (decision.working, decision.reason)
    return city.amended(days)


def changes(session: Session, limit: int = 100) -> list[CalendarChange]:
    """Return the latest decisions, newest first."""
    return list(session.scalars(select(CalendarChange).order_by(CalendarChange.id.desc()).limit(limit)))
