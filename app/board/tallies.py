"""Keeping the tally in step with the tickets. Any number of relays may do it at once, and none may for days."""

from typing import Final
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


def keep(hotline: Hotline, batches: int = BATCHES) -> int:
    """Make the tallies of tickets to which something happened anew; return how many tickets."""
    done = 0
    for _ in range(batches):
        with hotline.database.transaction() as session:
            some = _renew(session)
        if not some:
            break
        done += some
    return done


def pending(session: Session) -> int:
    """Return to how many tickets something has happened since they were tallied."""
    return session.scalar(select(func.count(TallyDue.ticket_id.distinct()))) or 0


def _renew(session: Session) -> int:
    """Take some notes, hold their tickets, tally these as they are now, and strike out the notes that were taken.

    A ticket that somebody holds is left for later: so no tally is older than what its notes were struck out for, and
    none is made of a ticket that is being sealed.
    """
    noted = session.execute(select(TallyDue.ticket_id, TallyDue.event_id).limit(BATCH)).all()
    tickets = _held(session, {ticket_id for ticket_id, _ in noted})
    if not tickets:
        return 0
    session.execute(delete(Tally).where(Tally.ticket_id.in_(tickets)))
    names = [column.name for column in Tally.__table__.columns]
    session.execute(insert(Tally).from_select(names, facts().where(Ticket.id.in_(tickets))))
    taken = [(ticket_id, event_id) for ticket_id, event_id in noted if ticket_id in tickets]
    session.execute(delete(TallyDue).where(tuple_(TallyDue.ticket_id, TallyDue.event_id).in_(taken)))
    return len(tickets)


def _held(session: Session, wanted: set[UUID]) -> set[UUID]:
    query = select(Ticket.id).where(Ticket.id.in_(wanted)).order_by(Ticket.id)
    return set(session.scalars(query.with_for_update(skip_locked=True)))
