"""Who of the unit works on a ticket: whoever leads the unit gives it, a handler takes it or lets it go.

It is let go by itself when the ticket goes to another unit (`app.assignment`) and when the account is shut out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import access
from app.hotline import Hotline
from app.problems import Conflict, Problem, refuse
from app.work.service import Step, in_hand, move
from models.account import Account
from models.ticket import Happening, Ticket
from models.vocabulary import Role, Status
from models.workflow import AWAITS_DEPARTMENT

#: What is still somebody's to do, or may soon be again: letting go of it is told in its history.
_IN_SIGHT: Final = AWAITS_DEPARTMENT | {Status.ANSWERED}


def colleagues(session: Session, department_id: str | None) -> Sequence[Account]:
    """Return who can work on a unit's tickets, by name; nobody of no unit."""
    return session.scalars(
        select(Account)
        .where(
            Account.department_id == department_id,
            Account.role.in_(access.WORKERS),
            Account.disabled.is_(False),
        )
        .order_by(Account.display_name, Account.id)
    ).all()


def offers(account: Account, ticket: Ticket) -> set[str]:
    """Return what this person may do about who works on the ticket: `give`, `take`, `let-go`."""
    if not access.may_work(account, ticket) or ticket.status not in AWAITS_DEPARTMENT:
        return set()
    may = {"give"} if account.role is Role.SUPERVISOR else set()
    if ticket.assignee_id is None:
        may.add("take")
    elif ticket.assignee_id == account.id or account.role is Role.SUPERVISOR:
        may.add("let-go")
    return may


def assign(hotline: Hotline, account: Account, step: Step, assignee_id: UUID | None) -> Ticket:
    """Let a person of the unit work on the ticket, or nobody in particular (None).

    A handler takes what nobody has and lets go of their own. Raises `Refused` for whom the unit does not have, and for
    a handler who would give it to somebody else.
    """

    def put(session: Session, ticket: Ticket, now: datetime) -> None:
        if ticket.status not in AWAITS_DEPARTMENT:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        if assignee_id is not None and assignee_id not in {one.id for one in colleagues(session, ticket.department_id)}:
            raise refuse("assignee", "unknown_person")
        own = {None, account.id}
        if account.role is not Role.SUPERVISOR and (ticket.assignee_id not in own or assignee_id not in own):
            raise refuse("assignee", "leader_gives")
        if ticket.assignee_id != assignee_id:
            _record(ticket, assignee_id, now, account.id)

    return move(hotline, step, lambda session: in_hand(session, account, step.ticket_id), put)


def let_go_of_all(session: Session, account_id: UUID, now: datetime) -> None:
    """Free every ticket of a person who is shut out, or who leaves the unit."""
    theirs = Ticket.assignee_id == account_id
    held = select(Ticket).where(theirs, Ticket.status.in_(_IN_SIGHT)).order_by(Ticket.id).with_for_update(of=Ticket)
    for ticket in session.scalars(held):
        _record(ticket, None, now, None)
    session.flush()
    # What is long settled is only freed: should it come back one day, it is nobody's.
    session.execute(update(Ticket).where(theirs).values(assignee_id=None).execution_options(synchronize_session=False))


def _record(ticket: Ticket, assignee_id: UUID | None, now: datetime, actor_id: UUID | None) -> None:
    before = ticket.assignee_id
    data = {"assignee": assignee_id.hex if assignee_id else None, "before": before.hex if before else None}
    ticket.happened(Happening("assigned", now, actor_id, data=data))
    ticket.assignee_id = assignee_id
