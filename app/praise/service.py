"""Praise asks for nothing: the unit reads it, the ticket closes, and no clock runs."""

from datetime import datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import access, incidents
from app.assignment import hand_over, meet
from app.hotline import Hotline
from app.problems import Conflict, Problem, refuse
from app.review.service import DECIDABLE, by_coordinator, decide
from app.units.today import is_open
from app.work.service import Step
from models.account import Account
from models.ticket import Happening, Ticket
from models.vocabulary import DeadlineKind, Status, SubmissionType

#: Event of praise that has reached its unit.
FORWARDED: Final = "forwarded"
RECENT: Final = 5


def forward(hotline: Hotline, account: Account, step: Step, department_id: str) -> Ticket:
    """Forward praise to this department and close it."""

    def thank(session: Session, ticket: Ticket, now: datetime) -> None:
        if ticket.submission_type is not SubmissionType.PRAISE:
            raise Conflict([Problem("submission_type", "not_praise")])
        if not is_open(hotline, session, department_id):
            raise refuse("department_id", "unknown_department")
        incidents.go_alone(session, ticket, now, account.id)
        data = {"department": department_id}
        ticket.transition(Status.ROUTED, Happening("reviewed", now, account.id, data=data))
        hand_over(session, ticket, by_coordinator(department_id), now)
        meet(session, ticket, now, *DeadlineKind)  # what it waited for in the queue has come
        ticket.transition(Status.CLOSED, Happening(FORWARDED, now, account.id, data=data))

    return decide(hotline, account, step, thank, allowed=DECIDABLE)


def recent(session: Session, account: Account) -> list[Ticket]:
    """Return the latest praise that this account's department has got."""
    if account.role not in access.WORKERS:
        return []
    # In the words of the index of praise.
    kinds = text("ticket.submission_type = 'khen-ngoi' and ticket.status = 'closed'")
    query = select(Ticket).where(access.queued_for(account), kinds).order_by(Ticket.received_at.desc(), Ticket.id)
    return list(session.scalars(query.limit(RECENT)))
