"""The deadlines of tickets as time and people move them: set, paused, resumed, extended, and computed anew.

What a deadline was made of is kept with it (`working_days`, the pauses in the ticket's history, its extension), so that
a change of the calendar computes it anew from there. The pure part is `routing.deadlines`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import flag_modified

from app.access import open_to_units
from app.hotline import Hotline
from models.calendar import CalendarApplied, CalendarChange
from models.coordination import Part
from models.extension import Extension
from models.ticket import Assignment, Deadline, Happening, PastDeadline, Ticket, TicketEvent
from models.vocabulary import UNCLEAR_TOPIC, Clock, DeadlineKind, ExtensionState, Status, SubmissionType
from models.workflow import AWAITS_DEPARTMENT
from routing.calendar import WorkingCalendar
from routing.city import City
from routing.deadlines import Due, Pause, Run, coordinating_due, due_dates, replayed, resumed
from routing.deadlines import Extension as Granted
from routing.reminders import reminders

#: Statuses in which nobody has the ticket but a coordinator, who owes it the way to a unit.
AWAITS_A_UNIT: Final = frozenset({Status.NEEDS_REVIEW, Status.SEALED})


@dataclass(frozen=True)
class Standing:
    """How a ticket stands with what was promised, besides its date."""

    paused_at: datetime | None = None
    committed_at: datetime | None = None
    owes_progress: bool = False
    extension: ExtensionState | None = None


def set_first(hotline: Hotline, session: Session, ticket: Ticket, now: datetime) -> None:
    """Give a ticket that a unit now has the deadlines that it does not have yet; being with a unit meets `ack`."""
    calendar = hotline.calendar(session)
    known = _known(session, ticket)
    for due in _dues(hotline, session, ticket, _began(ticket, known.values())):
        deadline = known.get(due.kind)
        if deadline is None:
            deadline = _new(session, calendar, ticket, due, _began(ticket, known.values()))
        if due.kind is DeadlineKind.ACK and deadline.met_at is None:
            deadline.met_at = now


def renew(hotline: Hotline, session: Session, ticket: Ticket, now: datetime) -> None:
    """Promise a reopened ticket anew what a report of now is promised; what was promised before is kept beside it.

    A unit that still has the ticket need not be found again, so `ack` is met. Without a unit a coordinator owes the way
    to one first; what else a unit will owe then is set when it has the ticket, from now on. A wish for more time on
    which nobody had decided was for what was promised before: it is over, its asking stays in the history.
    """
    session.execute(delete(Extension).where(Extension.ticket_id == ticket.id, Extension.state == ExtensionState.ASKED))
    calendar, known = hotline.calendar(session), _known(session, ticket)
    session.add_all(
        PastDeadline(
            ticket_id=ticket.id, kind=one.kind, since=one.since, due_at=one.due_at, met_at=one.met_at, ended_at=now
        )
        for one in known.values()
    )
    for due in _dues(hotline, session, ticket, now):
        deadline = known.get(due.kind)
        if deadline is None and ticket.department_id is None and due.kind is not DeadlineKind.ACK:
            continue
        if deadline is None:
            deadline = _new(session, calendar, ticket, due, now)
        else:
            _promise(calendar, deadline, due, now)
            deadline.term += 1
            deadline.met_at = deadline.paused_at = deadline.committed_at = None
            deadline.runs_from = now
            if due.kind is DeadlineKind.RESOLVE:
                ticket.resolve_due_at = due.due_at
        deadline.since = now
        if due.kind is DeadlineKind.ACK and ticket.department_id is not None:
            deadline.met_at = now


def _known(session: Session, ticket: Ticket) -> dict[DeadlineKind, Deadline]:
    return {d.kind: d for d in session.scalars(select(Deadline).where(Deadline.ticket_id == ticket.id))}


def _began(ticket: Ticket, deadlines: Iterable[Deadline]) -> datetime:
    """Return from when a ticket's time counts: its filing, or its last reopening."""
    return max((d.since for d in deadlines if d.since is not None), default=ticket.received_at)


def owe_units(hotline: Hotline, session: Session, limit: int) -> int:
    """Set `ack` for what waits for a coordinator (or, sealed, for one who is cleared); return how many."""
    owed = exists().where(Deadline.ticket_id == Ticket.id)
    waiting = select(Ticket).where(Ticket.status.in_(AWAITS_A_UNIT), ~owed)
    found = session.scalars(waiting.limit(limit).with_for_update(skip_locked=True)).all()
    # another relay may have been here between our look and our lock
    done = set(session.scalars(select(Deadline.ticket_id).where(Deadline.ticket_id.in_([t.id for t in found]))))
    calendar = hotline.calendar(session)
    for ticket in found:
        if ticket.id in done:
            continue
        ack = next(due for due in _dues(hotline, session, ticket, ticket.received_at) if due.kind is DeadlineKind.ACK)
        _new(session, calendar, ticket, ack)
    return len(found)


def _dues(hotline: Hotline, session: Session, ticket: Ticket, since: datetime) -> tuple[Due, ...]:
    return due_dates(
        hotline.city_in_force(session),
        topic=ticket.topic_slug or UNCLEAR_TOPIC,
        urgency=ticket.urgency.value,
        submission_type=(ticket.submission_type or SubmissionType.REPORT).value,
        received_at=since,
    )


def _new(
    session: Session, calendar: WorkingCalendar, ticket: Ticket, due: Due, since: datetime | None = None
) -> Deadline:
    deadline = Deadline(ticket_id=ticket.id, kind=due.kind, term=0)
    if since is not None and since != ticket.received_at:
        deadline.since = deadline.runs_from = since  # promised first after a reopening
    _promise(calendar, deadline, due, since or ticket.received_at)
    session.add(deadline)
    if due.kind is DeadlineKind.RESOLVE:
        ticket.resolve_due_at = due.due_at
    return deadline


def _promise(calendar: WorkingCalendar, deadline: Deadline, due: Due, since: datetime) -> None:
    deadline.due_at, deadline.calendar_version = due.due_at, due.calendar_version[:64]
    deadline.clock, deadline.working_days = due.clock, due.working_days
    deadline.remind_at = reminders(calendar, due.clock, Run(since, due.due_at))[0].at


def resolve_of(session: Session, ticket: Ticket) -> Deadline | None:
    """Return the deadline by which the citizen has an answer, unless it is met or there is none."""
    return session.scalar(
        select(Deadline).where(
            Deadline.ticket_id == ticket.id, Deadline.kind == DeadlineKind.RESOLVE, Deadline.met_at.is_(None)
        )
    )


def run_of(ticket: Ticket, deadline: Deadline) -> Run:
    """Return from when until when a deadline runs."""
    return Run(deadline.runs_from or ticket.received_at, deadline.due_at)


def pause(session: Session, ticket: Ticket, now: datetime) -> None:
    """Stop the clock while the unit waits for the citizen; what is late already stays late."""
    deadline = resolve_of(session, ticket)
    if deadline is not None and deadline.due_at > now:
        deadline.paused_at = now


def resume(hotline: Hotline, session: Session, ticket: Ticket, now: datetime) -> None:
    """Let the clock go on from where it stood."""
    deadline = resolve_of(session, ticket)
    if deadline is None or deadline.paused_at is None:
        return
    calendar = hotline.calendar(session)
    run = resumed(calendar, deadline.clock, run_of(ticket, deadline), Pause(deadline.paused_at, now))
    deadline.paused_at = None
    move(ticket, deadline, run, now)


def move(ticket: Ticket, deadline: Deadline, run: Run, now: datetime) -> None:
    """Give a deadline another date, shown on its ticket too; when to remind of it is looked at anew.

    On a denunciation's ticket stands nothing.
    """
    deadline.due_at, deadline.runs_from, deadline.remind_at = run.due_at, run.runs_from, now
    if deadline.kind is DeadlineKind.RESOLVE and ticket.submission_type is not SubmissionType.DENUNCIATION:
        ticket.resolve_due_at = run.due_at


def touch(ticket: Ticket) -> None:
    """Let a change that is in no column of the ticket count as one: who looked at it before has an old version."""
    flag_modified(ticket, "resolve_due_at")


def recompute(hotline: Hotline, session: Session, now: datetime, limit: int) -> int:
    """Compute open deadlines anew that were computed with another calendar; return how many were looked at.

    A deadline that was met, or had passed when the first change was made that was not applied yet, stays as it is. The
    row's own calendar version, read under the ticket's lock, makes it once a change. A date that would come to lie in
    the past is left: nobody is late because of a decision that is made afterwards.
    """
    calendar = hotline.calendar(session)
    applied, newest, since = _unapplied(session)
    open_still = or_(Deadline.due_at > min(since or now, now), Deadline.paused_at.is_not(None))
    stale = (
        select(Deadline, Ticket)
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .where(Deadline.met_at.is_(None), Deadline.clock == Clock.WORKING, open_still)
        .where(Deadline.calendar_version != calendar.version)
    )
    # PostgreSQL looks again only at rows that it locks: the deadline too, whose version another relay may have set
    batch = stale.order_by(Deadline.id).limit(limit).with_for_update(of=(Deadline, Ticket), skip_locked=True)
    rows = [(deadline, ticket) for deadline, ticket in session.execute(batch)]
    made_of = _made_of(session, [ticket.id for _, ticket in rows])
    for deadline, ticket in rows:
        _recompute(calendar, ticket, deadline, made_of, now)
    _recompute_parts(hotline, session, [ticket for one, ticket in rows if one.kind is DeadlineKind.RESOLVE], now)
    # What somebody else holds just now was passed over, and its date may have passed by the next look.
    if applied != newest and session.execute(stale.limit(1)).first() is None:
        session.execute(update(CalendarApplied).values(change_id=newest))
    return len(rows)


def _unapplied(session: Session) -> tuple[int | None, int | None, datetime | None]:
    """Return the last change that was applied, the last there is, and when the first after the former was made."""
    applied = session.scalar(select(CalendarApplied.change_id).where(CalendarApplied.id == 1))
    newest, since = session.execute(
        select(func.max(CalendarChange.id), func.min(CalendarChange.at)).where(CalendarChange.id > (applied or 0))
    ).one()
    return applied, newest or applied, since


@dataclass(frozen=True)
class _MadeOf:
    """What has moved the deadlines of some tickets."""

    pauses: dict[UUID, list[Pause]]
    extensions: dict[UUID, Extension]


@dataclass(frozen=True)
class Foreseen:
    """An open deadline that another calendar would move."""

    ticket: Ticket
    kind: DeadlineKind
    before: datetime
    after: datetime


def foresee(session: Session, calendar: WorkingCalendar, now: datetime, limit: int) -> tuple[int, list[Foreseen], bool]:
    """Return what another calendar would move of the open deadlines that are due first; nothing is changed.

    How many were looked at, those that would move, the soonest due first, and whether there are more than `limit`.
    """
    open_still = or_(Deadline.due_at > now, Deadline.paused_at.is_not(None))
    query = (
        select(Deadline, Ticket)
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .where(Deadline.met_at.is_(None), Deadline.clock == Clock.WORKING, open_still, open_to_units())
        .order_by(Deadline.due_at, Deadline.id)
        .options(joinedload(Ticket.topic), joinedload(Ticket.department))
    )
    rows = session.execute(query.limit(limit + 1)).all()
    made_of = _made_of(session, [ticket.id for _, ticket in rows[:limit]])
    found = []
    for deadline, ticket in rows[:limit]:
        run = _moved(calendar, ticket, deadline, made_of, now)
        if run is not None:
            found.append(Foreseen(ticket, deadline.kind, deadline.due_at, run.due_at))
    return len(rows[:limit]), found, len(rows) > limit


def part_due(city: City, ticket: Ticket, helper: Assignment) -> Due:
    """Return by when a helper owes its part of a ticket."""
    return coordinating_due(
        city,
        topic=ticket.topic_slug or UNCLEAR_TOPIC,
        lead_due_at=ticket.resolve_due_at,
        asked_at=helper.assigned_at,
    )


def _recompute_parts(hotline: Hotline, session: Session, tickets: Sequence[Ticket], now: datetime) -> None:
    """Compute anew by when helpers owe their parts, which is a share of what the lead has; never into the past."""
    if not tickets:
        return
    city = hotline.city_in_force(session)
    by_id = {ticket.id: ticket for ticket in tickets}
    owed = select(Part).join(Part.assignment).where(Assignment.ticket_id.in_(by_id), Assignment.ended_at.is_(None))
    for part in session.scalars(owed.where(Part.done_at.is_(None), Part.due_at > now)):
        due = part_due(city, by_id[part.assignment.ticket_id], part.assignment)
        part.calendar_version = due.calendar_version[:64]
        if due.due_at > now:
            part.due_at = due.due_at


def _recompute(calendar: WorkingCalendar, ticket: Ticket, deadline: Deadline, made_of: _MadeOf, now: datetime) -> None:
    deadline.calendar_version = calendar.version[:64]
    before, run = deadline.due_at, _moved(calendar, ticket, deadline, made_of, now)
    if run is None:
        return
    move(ticket, deadline, run, now)
    data = {"before": before.isoformat(), "due_at": run.due_at.isoformat(), "calendar": calendar.version}
    ticket.happened(Happening("deadline_moved", now, data=data))


def _moved(
    calendar: WorkingCalendar, ticket: Ticket, deadline: Deadline, made_of: _MadeOf, now: datetime
) -> Run | None:
    """Return when a deadline runs by a calendar; None where that changes nothing, or would make somebody late."""
    began = deadline.since or ticket.received_at
    moves: list[Pause | Granted] = [pause for pause in made_of.pauses.get(ticket.id, ()) if pause.began >= began]
    extension = made_of.extensions.get(ticket.id)
    if extension is not None and extension.decided_at is not None and extension.decided_at < began:
        extension = None  # it was of what had been promised before the ticket was reopened
    if extension is not None and extension.decided_at is not None:
        moves.append(Granted(extension.decided_at, extension.days))
    if deadline.working_days is not None:
        start = Run(began, calendar.end_of_working_day(began, deadline.working_days))
    elif extension is not None and extension.due_before is not None and extension.decided_at is not None:
        # promised in hours, extended by working days: only what came after that depends on the calendar
        start = Run(began, extension.due_before)
        moves = [move for move in moves if isinstance(move, Granted) or move.ended > extension.decided_at]
    else:
        return None
    run = replayed(calendar, deadline.clock, start, moves)
    if run.due_at == deadline.due_at or (run.due_at <= now and deadline.paused_at is None):
        return None
    return run


def _made_of(session: Session, tickets: Sequence[UUID]) -> _MadeOf:
    pauses: dict[UUID, list[Pause]] = {}
    asked: dict[UUID, datetime] = {}
    waits = or_(TicketEvent.to_status == Status.INFO_REQUESTED, TicketEvent.from_status == Status.INFO_REQUESTED)
    moved = select(TicketEvent).where(TicketEvent.ticket_id.in_(tickets), waits).order_by(TicketEvent.id)
    for event in session.scalars(moved):
        if event.to_status is Status.INFO_REQUESTED:
            asked[event.ticket_id] = event.at
        elif event.ticket_id in asked:
            pauses.setdefault(event.ticket_id, []).append(Pause(asked.pop(event.ticket_id), event.at))
    granted = select(Extension).where(Extension.ticket_id.in_(tickets), Extension.state == ExtensionState.APPROVED)
    return _MadeOf(pauses, {extension.ticket_id: extension for extension in session.scalars(granted)})


def is_paused() -> ColumnElement[bool]:
    """Return the condition that a ticket's clock stands still, so that it is not late whatever its date."""
    return exists().where(Deadline.ticket_id == Ticket.id, Deadline.paused_at.is_not(None)).correlate(Ticket)


def owes_progress(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a unit owes the citizen a progress report: its deadline, or its word, has passed."""
    passed = func.coalesce(Deadline.committed_at, Deadline.due_at) < now
    unmet = and_(Deadline.kind == DeadlineKind.RESOLVE, Deadline.met_at.is_(None), Deadline.paused_at.is_(None))
    return and_(
        Ticket.status.in_(AWAITS_DEPARTMENT),
        Ticket.department_id.is_not(None),
        exists().where(Deadline.ticket_id == Ticket.id, unmet, passed, Deadline.due_at < now).correlate(Ticket),
    )


def standing(session: Session, tickets: Iterable[UUID], now: datetime) -> dict[UUID, Standing]:
    """Return how tickets stand, by their ids; one without a deadline to answer has none."""
    rows = session.execute(
        select(Ticket.id, Deadline.paused_at, Deadline.committed_at, owes_progress(now), Extension.state)
        .join(
            Deadline,
            and_(Deadline.ticket_id == Ticket.id, Deadline.kind == DeadlineKind.RESOLVE, Deadline.met_at.is_(None)),
        )
        .outerjoin(Extension, Extension.ticket_id == Ticket.id)
        .where(Ticket.id.in_(list(tickets)))
    )
    return {ticket_id: Standing(paused, committed, owes, state) for ticket_id, paused, committed, owes, state in rows}
