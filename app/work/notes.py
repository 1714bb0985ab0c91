"""Internal notes: words for whoever works on a ticket, never for its citizen.

A note is a line of the history, so it is read by whoever may read the ticket (the lead, its helpers, coordinators and
auditors) and goes into the vault with everything else when the ticket is sealed.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from app import access
from app.coordination.service import parts_of
from app.deadlines import touch
from app.hotline import Hotline
from app.problems import NotFound
from app.words import words_of
from app.work.service import Step, move
from models.account import Account
from models.ticket import Happening, Ticket
from models.vocabulary import Role


def may_write(session: Session, account: Account, ticket: Ticket) -> bool:
    """Tell whether this person writes notes on a ticket they can read: of the lead, of a helper, a coordinator."""
    if account.role is Role.COORDINATOR or access.may_work(account, ticket):
        return True
    helping = {part.assignment.department_id for part in parts_of(session, ticket)}
    return account.role in access.WORKERS and account.department_id in helping


def write(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Add a note to the history."""
    words = words_of("note", step.text)

    def find(session: Session) -> Ticket:
        ticket = access.find_ticket(session, account, step.ticket_id, lock=True)
        if not may_write(session, account, ticket):
            raise NotFound
        return ticket

    def put(_session: Session, ticket: Ticket, now: datetime) -> None:
        data = {"department": account.department_id}
        ticket.happened(Happening("noted", now, account.id, internal_text=words, data=data))
        touch(ticket)  # who is writing an answer shall not send it without having seen this

    return move(hotline, step, find, put)
