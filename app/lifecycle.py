"""What time alone moves: an answer nobody contests closes, a question nobody answers goes back to work."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.deadlines import resume
from app.hotline import Hotline
from models.ticket import Happening, Ticket, TicketEvent
from models.vocabulary import Status

#: Days in which a citizen may rate or contest before an answer counts as accepted.
CLOSE_AFTER: Final = timedelta(days=7)
#: Days in which a citizen may say "not fixed" after an answer.
REOPEN_WITHIN: Final = timedelta(days=30)
#: Working days a department waits for the citizen.
WAIT_FOR_CITIZEN: Final = 5


def advance(hotline: Hotline, session: Session, now: datetime, *, limit: int = 200) -> int:
    """Close what was answered 7 days ago, resume what has waited for its citizen 5 working days; return how many."""
    return _close(session, now, limit) + _resume(hotline, session, now, limit)


def _close(session: Session, now: datetime, limit: int) -> int:
    old = select(Ticket).where(Ticket.status == Status.ANSWERED, Ticket.answered_at <= now - CLOSE_AFTER)
    tickets = session.scalars(old.limit(limit).with_for_update(skip_locked=True)).all()
    for ticket in tickets:
        ticket.transition(Status.CLOSED, Happening("closed", now, data={"by": "time"}))
    return len(tickets)


def _resume(hotline: Hotline, session: Session, now: datetime, limit: int) -> int:
    calendar = hotline.calendar(session)
    # Five working days are never under seven days, so the database leaves out all younger questions.
    asked_at = (
        select(func.max(TicketEvent.at))
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.to_status == Status.INFO_REQUESTED)
        .scalar_subquery()
    )
    waiting = select(Ticket, asked_at).where(
        Ticket.status == Status.INFO_REQUESTED, asked_at <= now - timedelta(days=WAIT_FOR_CITIZEN)
    )
    waiting = waiting.order_by(asked_at).limit(limit).with_for_update(of=Ticket, skip_locked=True)
    rows = session.execute(waiting).all()
    over = [ticket for ticket, at in rows if calendar.end_of_working_day(at, WAIT_FOR_CITIZEN) <= now]
    for ticket in over:
        ticket.transition(Status.IN_PROGRESS, Happening("resumed", now, data={"by": "time"}))
        resume(hotline, session, ticket, now)
    return len(over)
