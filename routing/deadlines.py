"""When a report is due, as pure functions of the city's calendar and of what it promises per topic.

Sources: `sla.yaml` (proposals, said there) and `calendar.yaml` of the city; complaints and denunciations in the sense
of the law have no time limit of the hotline's (law on complaints, law on denunciations).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from models.vocabulary import Clock, DeadlineKind, SubmissionType, Urgency
from routing.calendar import WorkingCalendar
from routing.city import City
from routing.sla import Limit, TopicLimits

_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """One deadline: `due_at` in UTC, computed with the calendar of that version; `note` says how, in Vietnamese.

    `working_days` is how many working days after receipt it is, None for one in hours.
    """

    kind: DeadlineKind
    due_at: datetime
    calendar_version: str
    note: str
    clock: Clock = Clock.ALWAYS
    working_days: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """The unit waited for the citizen, and the clock stood still."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Extension:
    """So many more working days, granted at that instant."""

    granted_at: datetime
    days: int


@dataclass(frozen=True, slots=True)
class Run:
    """How a deadline runs: from when its time counts (for reminders at a share of it) until when."""

    runs_from: datetime
    due_at: datetime


def due_dates(city: City, *, topic: str, urgency: str, submission_type: str, received_at: datetime) -> tuple[Due, ...]:
    """Return the deadlines of a report received at that instant (aware; answers are in UTC).

    `ack` is always owed, in minutes of a clock that never stops. `first_action` is owed when the report is urgent or an
    emergency (by its urgency, or because it is filed as one), in hours of that clock. `resolve` is owed unless the
    submission type has legal time limits of its own: in hours of that clock, or by the end of working hours of the n-th
    working day after receipt, where a report received outside working hours counts as received at the start of the next
    working day.
    """
    received = _utc(received_at)
    limits = city.sla.of(topic)
    dues = [_after(city, DeadlineKind.ACK, received, limits.ack)]
    emergency = submission_type == SubmissionType.EMERGENCY
    action = _first_action(limits, Urgency.EMERGENCY if emergency else urgency)
    if action is not None:
        dues.append(_after(city, DeadlineKind.FIRST_ACTION, received, action.hours))
    if submission_type not in city.sla.no_resolve:
        dues.append(_resolve(city, received, limits.resolve))
    return tuple(dues)


def shifted(calendar: WorkingCalendar, due: Due, paused_from: datetime, paused_to: datetime) -> Due:
    """Return the deadline moved by the time spent waiting for the citizen.

    Time counts on the deadline's own clock: a night and a Sunday of waiting move a working-day deadline by nothing. A
    pause that began after the deadline had passed moves nothing: what was late stays late.
    """
    moved = resumed(calendar, due.clock, Run(due.due_at, due.due_at), Pause(paused_from, paused_to))
    if moved.due_at == due.due_at:
        return due
    note = f"{due.note}; đã trừ thời gian chờ người dân"
    return replace(due, due_at=moved.due_at, calendar_version=calendar.version, note=note)


def resumed(calendar: WorkingCalendar, clock: Clock, run: Run, pause: Pause) -> Run:
    """Return how a deadline runs on after a pause: both its ends moved by the time, on its own clock, that it took.

    A pause that began when the deadline had passed moves nothing.
    """
    began, ended = _utc(pause.began), _utc(pause.ended)
    if ended <= began or began >= run.due_at:
        return run
    if clock is Clock.ALWAYS:
        return Run(run.runs_from + (ended - began), run.due_at + (ended - began))
    waited = _working_between(calendar, began, ended)
    return Run(_add_working(calendar, run.runs_from, waited), _add_working(calendar, run.due_at, waited))


def working_days_later(calendar: WorkingCalendar, at: datetime, days: int) -> datetime:
    """Return (in UTC) the end of working hours of the n-th working day after the day of that instant."""
    day = calendar.local_day(_utc(at))
    for _ in range(days):
        day = calendar.next_working_day(day)
    return calendar.closing(day)


def replayed(calendar: WorkingCalendar, clock: Clock, run: Run, moves: Iterable[Pause | Extension]) -> Run:
    """Return how a deadline runs after all that has moved it, in the order in which that took effect.

    So a deadline is computed anew when the calendar has changed: from what was promised, through the same pauses and
    the same extension. An extension starts the deadline's time anew.
    """
    for move in sorted(moves, key=_effect):
        if isinstance(move, Pause):
            run = resumed(calendar, clock, run, move)
        else:
            run = Run(_utc(move.granted_at), working_days_later(calendar, run.due_at, move.days))
    return run


def _effect(move: Pause | Extension) -> datetime:
    return move.ended if isinstance(move, Pause) else move.granted_at


def add_working_minutes(calendar: WorkingCalendar, start: datetime, minutes: int) -> datetime:
    """Return the instant (UTC) at which so many minutes of working time have passed since `start`.

    It lies in working time or at its very end: 480 minutes after Friday's closing time is Monday's closing time, and
    nothing after any instant is that instant itself.
    """
    if minutes < 0:
        raise ValueError("working minutes cannot be negative")
    return _add_working(calendar, _utc(start), minutes * _MINUTE)


def working_minutes_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> int:
    """Return the whole minutes of working time between two instants; none when `end` is not after `start`."""
    return _working_between(calendar, _utc(start), _utc(end)) // _MINUTE


def share_of(calendar: WorkingCalendar, clock: Clock, run: Run, share: float) -> datetime:
    """Return the instant at which that share of a deadline's time has passed, for reminders at 50 % and 80 %."""
    if clock is Clock.ALWAYS:
        return run.runs_from + (run.due_at - run.runs_from) * share
    return _add_working(calendar, run.runs_from, _working_between(calendar, run.runs_from, run.due_at) * share)


def coordinating_due(city: City, *, topic: str, lead_due_at: datetime | None, asked_at: datetime) -> Due:
    """Return by when a helper tells the lead its part: after the city's share of the time that the lead has left.

    Time counts on the clock of the topic's answer. A lead that has no deadline, or whose deadline has passed, counts as
    one that is asked now.
    """
    asked = _utc(asked_at)
    limit = city.sla.of(topic).resolve
    lead = _resolve(city, asked, limit)
    if lead_due_at is not None and _utc(lead_due_at) > asked:
        lead = replace(lead, due_at=_utc(lead_due_at))
    share = city.sla.coordinating_share
    at = share_of(city.calendar, lead.clock, Run(asked, lead.due_at), share)
    note = f"{share:.0%} thời gian của đơn vị chủ trì"
    # without any working time left between now and the lead's deadline, the two fall together
    return replace(lead, due_at=at if at > asked else lead.due_at, note=note)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone is not one instant")
    return instant.astimezone(UTC)


def _first_action(limits: TopicLimits, urgency: str) -> Limit | None:
    if urgency == Urgency.EMERGENCY:
        return limits.emergency
    return limits.urgent if urgency == Urgency.URGENT else None


def _after(city: City, kind: DeadlineKind, received: datetime, stretch: timedelta) -> Due:
    minutes = stretch // _MINUTE
    spoken = f"{minutes // 60} giờ" if minutes % 60 == 0 else f"{minutes} phút"
    return Due(kind, received + stretch, city.calendar.version, f"{spoken}, tính cả đêm và ngày nghỉ")


def _resolve(city: City, received: datetime, limit: Limit) -> Due:
    if not limit.working_days:
        return _after(city, DeadlineKind.RESOLVE, received, limit.hours)
    due_at = city.calendar.end_of_working_day(received, limit.n)
    note = f"hết giờ làm việc của ngày làm việc thứ {limit.n} sau khi nhận"
    return Due(DeadlineKind.RESOLVE, due_at, city.calendar.version, note, Clock.WORKING, limit.n)


def _add_working(calendar: WorkingCalendar, start: datetime, stretch: timedelta) -> datetime:
    if not stretch:
        return start
    day = calendar.local_day(start)
    while True:
        for opens, closes in calendar.hours_on(day):
            begins = max(opens, start)
            if begins >= closes:
                continue
            if stretch <= closes - begins:
                return begins + stretch
            stretch -= closes - begins
        day = calendar.next_working_day(day)


def _working_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    total = timedelta()
    for day in _days(calendar.local_day(start), calendar.local_day(end)):
        for opens, closes in calendar.hours_on(day):
            total += max(timedelta(), min(closes, end) - max(opens, start))
    return total


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * ahead for ahead in range((last - first).days + 1)]
