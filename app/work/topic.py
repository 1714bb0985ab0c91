"""What a ticket is about, as people who work on it see it: a handler's word is a decision that the model learns from.

Taking a ticket up confirms its topic, saying another one overrides it; both keep what the machine had said and which
model it was, as a coordinator's decision does (`app.review.service`).
"""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app import access, incidents
from app.database import known
from app.hotline import Hotline
from app.problems import Conflict, Problem, refuse
from app.thought import compared
from app.words import words_of
from app.work.service import Step, in_hand, move
from models.account import Account
from models.taxonomy import Topic
from models.ticket import Happening, Ticket
from models.vocabulary import Status

REASON_MAX: Final = 1000
#: Where a unit has the ticket in hand.
CORRECTABLE: Final = frozenset({Status.ROUTED, Status.IN_PROGRESS, Status.REOPENED})


def may_correct(account: Account, ticket: Ticket) -> bool:
    """Tell whether this person may say that the ticket is about something else."""
    return access.may_work(account, ticket) and ticket.status in CORRECTABLE


def correct(hotline: Hotline, account: Account, step: Step, topic_slug: str) -> Ticket:
    """Say that the ticket is about something else, and why. Unit and deadlines stay: they were promised."""
    reason = words_of("reason", step.text, REASON_MAX)

    def put(session: Session, ticket: Ticket, now: datetime) -> None:
        if ticket.status not in CORRECTABLE:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        if not known(session, Topic, topic_slug):
            raise refuse("topic", "unknown_topic")
        if topic_slug == ticket.topic_slug:
            raise refuse("topic", "same_topic")
        data = {"before": ticket.topic_slug, **compared(session, ticket, topic_slug)}
        ticket.happened(Happening("topic_corrected", now, account.id, internal_text=reason, data=data))
        ticket.topic_slug = topic_slug
        incidents.keep_in_step(session, ticket)

    return move(hotline, step, lambda session: in_hand(session, account, step.ticket_id), put)
