"""The outbox: jobs owed, claimed under a lease, done in the same commit as their effect.

The lease is the only retry there is. A claim moves `due_at` forward; if nothing comes of it the entry is due again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app import search
from app.triage import urgency
from models.outbox import OutboxEntry
from models.ticket import Happening, Ticket
from models.vocabulary import Status


def claim(session: Session, now: datetime, *, lease: float, limit: int, max_attempts: int) -> list[OutboxEntry]:
    """Lease up to `limit` due entries, oldest first; another relay skips what this one has locked.

    Each try doubles the lease, so that an entry which always fails stands aside with a growing pause. What has been
    tried `max_attempts` times is for `give_up` alone.
    """
    due = _pending().where(_is_due(now, lease, max_attempts), OutboxEntry.attempts < max_attempts)
    due = due.order_by(OutboxEntry.due_at, OutboxEntry.id).limit(limit)
    entries = list(session.scalars(due.with_for_update(skip_locked=True)))
    for entry in entries:
        entry.due_at = now + timedelta(seconds=lease * 2**entry.attempts)
        entry.attempts += 1
    return entries


def lock_undone(session: Session, ids: Sequence[int]) -> list[OutboxEntry]:
    """Lock those of the entries that nobody has done yet, waiting for whoever is at it.

    Waiting, not skipping: a job that skipped a row locked by a relay would report success having done nothing.
    """
    return list(session.scalars(_pending().where(OutboxEntry.id.in_(ids)).order_by(OutboxEntry.id).with_for_update()))


def undone_tickets(session: Session, ids: Sequence[int]) -> list[tuple[int, Ticket]]:
    """Return (entry id, ticket) for the entries still owed, without locking anything."""
    rows = session.execute(
        _pending().where(OutboxEntry.id.in_(ids)).join(Ticket, Ticket.id == OutboxEntry.ticket_id).add_columns(Ticket)
    )
    return [(entry.id, ticket) for entry, ticket in rows]


def give_up(session: Session, now: datetime, *, lease: float, max_attempts: int) -> int:
    """Hand entries that failed `max_attempts` times, and whose last lease is over, to a person; return how many.

    The ticket gets a `needs_human` event and, where it still waits to be understood, the coordinators' queue, with the
    urgency that its words have without a model. An entry whose ticket is gone is only marked; the review page lists it.
    """
    spent = _pending().where(_is_due(now, lease, max_attempts), OutboxEntry.attempts >= max_attempts).limit(100)
    entries = list(session.scalars(spent.with_for_update(skip_locked=True)))
    for entry in entries:
        entry.given_up_at = now
        ticket = session.get(Ticket, entry.ticket_id, with_for_update=True)
        if ticket is None:
            continue
        event = Happening("needs_human", now, data={"job": entry.kind, "attempts": entry.attempts})
        if ticket.status is Status.RECEIVED:
            ticket.urgency = urgency.unread(ticket)
            ticket.transition(Status.NEEDS_REVIEW, event)
            search.keep(session, ticket)
        else:
            ticket.happened(event)
    return len(entries)


def _pending() -> Select[OutboxEntry]:
    return select(OutboxEntry).where(OutboxEntry.done_at.is_(None), OutboxEntry.given_up_at.is_(None))


def _is_due(now: datetime, lease: float, max_attempts: int) -> ColumnElement[bool]:
    """Return the condition that nobody has an entry any more.

    What is due later than any lease can end was written while the clock was ahead, or while more attempts were allowed,
    and is due now.
    """
    longest = timedelta(seconds=lease * 2**max_attempts)
    return or_(OutboxEntry.due_at <= now, OutboxEntry.due_at > now + longest)
