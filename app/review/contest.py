"""A refusal that its citizen contests: once, and before another coordinator than who refused, if there is one."""

from sqlalchemy import ColumnElement, and_, exists, select, true
from sqlalchemy.orm import Session

from models.account import Account
from models.ticket import Ticket, TicketEvent
from models.vocabulary import Role, Status


def may_contest(ticket: Ticket) -> bool:
    """Tell whether the citizen may still ask for a second look at a refusal."""
    return not any(event.from_status is Status.REJECTED for event in ticket.events)


def is_for_a_colleague(session: Session, account: Account, ticket: Ticket) -> bool:
    """Tell whether the account itself refused what is contested, and somebody else is there to look at it."""
    return bool(
        session.scalar(select(and_(_refused_by(account), _has_colleague(account))).where(Ticket.id == ticket.id))
    )


def for_this_coordinator(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the condition that leaves out what the account itself refused, while there is a colleague."""
    if not session.scalar(select(_has_colleague(account))):
        return true()
    return ~_refused_by(account)


def _refused_by(account: Account) -> ColumnElement[bool]:
    refused = exists().where(
        TicketEvent.ticket_id == Ticket.id,
        TicketEvent.to_status == Status.REJECTED,
        TicketEvent.actor_id == account.id,
    )
    return and_(Ticket.status == Status.REOPENED, refused)


def _has_colleague(account: Account) -> ColumnElement[bool]:
    return exists().where(Account.role == Role.COORDINATOR, Account.disabled.is_(False), Account.id != account.id)
