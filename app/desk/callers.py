"""What is known of a caller's number."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import access
from app.hotline import Hotline
from app.persons.contacts import has_number
from models.account import Account
from models.ticket import Contact, Ticket

#: Previous tickets that are shown; a call-taker tells the caller of the newest.
SHOWN = 10


def tickets_of_number(hotline: Hotline, session: Session, account: Account, phone: str) -> list[Ticket]:
    """Return the tickets whose citizens left this number (E.164), newest first, at most ten.

    Nothing that is sealed, ever was a denunciation, or waits to be understood; nothing for who answers no calls.
    """
    query = (
        select(Ticket)
        .join(Contact, Contact.ticket_id == Ticket.id)
        .where(has_number(hotline, phone), access.told_at_the_desk(account))
        .order_by(Ticket.received_at.desc(), Ticket.id)
        .limit(SHOWN)
    )
    shown_with = selectinload(Ticket.topic), selectinload(Ticket.ward), selectinload(Ticket.department)
    return list(session.scalars(query.options(*shown_with)))
