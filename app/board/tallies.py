"""Keeping the tally in step with the tickets. Any number of relays may do it at once, and none may for days."""

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.orm import Session

from app.board.figures import facts
from app.hotline import Hotline
from models.board import Tally, TallyDue
from models.ticket import Ticket

#: So many notes of the trigger are taken at once: short, because the tickets are held meanwhile.
BATCH: Final = 1000
#: So many batches a round of the relay; the rest comes with the next.
BATCHES: Final = 25


class Note(NamedTuple):
    """A note of the trigger. In their order they are taken: whoever begins anew would read over those struck out."""

    ticket_id: UUID
    event_id: int


def keep(hotline: Hotline, batches: int = BATCHES) -> int:
    """Make the tallies of tickets to which something happened anew; return how many tickets."""
    done, after = 0, Note(UUID(int=0), 0)
    for _ in range(batches):
        with hotline.database.transaction() as session:
            renewed, last = renew(session, after)
        done += renewed
        if last is None:
            break
        after = last
    return done


def pending(session: Session) -> int:
    """Return to how many tickets something has happened since they were tallied."""
    return session.scalar(select(func.count(TallyDue.ticket_id.distinct()))) or 0


def renew(session: Session, after: Note) -> tuple[int, Note | None]:
    """Take some notes, hold their tickets, tally these as they are now, and strike out the notes that were taken.

    Return how many tickets, and behind which note to go on. A ticket that somebody holds is left for later: so no tally
    is older than what its notes were struck out for, and none is made of a ticket that is being sealed.
    """
    key = tuple_(TallyDue.ticket_id, TallyDue.event_id)
    some = (
        select(TallyDue.ticket_id, TallyDue.event_id)
        .where(key > after)
        .order_by(TallyDue.ticket_id, TallyDue.event_id)
        .limit(BATCH)
    )
    noted = [Note(*row) for row in session.execute(some)]
    tickets = _held(session, {note.ticket_id for note in noted})
    if tickets:
        session.execute(delete(Tally).where(Tally.ticket_id.in_(tickets)))
        names = [column.name for column in Tally.__table__.columns]
        session.execute(insert(Tally).from_select(names, facts().where(Ticket.id.in_(tickets))))
        session.execute(delete(TallyDue).where(key.in_([note for note in noted if note.ticket_id in tickets])))
    return len(tickets), noted[-1] if len(noted) == BATCH else None


def _held(session: Session, wanted: set[UUID]) -> set[UUID]:
    query = select(Ticket.id).where(Ticket.id.in_(wanted)).order_by(Ticket.id)
    return set(session.scalars(query.with_for_update(skip_locked=True)))
