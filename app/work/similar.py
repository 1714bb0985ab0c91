"""Tickets like one: of the same topic and near, with like words, and how they were answered.

Only what the account may see; a denunciation is like nothing and nothing is like it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, selectinload

from app import access, incidents
from models.account import Account
from models.ticket import Ticket, TicketEvent
from models.vocabulary import UNCLEAR_TOPIC, Status
from routing.neighbours import around, likeness

#: How far back, how many are compared (the newest), how many are shown, and from which likeness on.
SINCE: Final = timedelta(days=180)
COMPARED: Final = 200
SHOWN: Final = 5
LEAST: Final = 0.12
#: What being in the same street, cell or ward is worth beside like words.
_STREET, _NEAR, _WARD = 0.3, 0.25, 0.1


@dataclass(frozen=True)
class Similar:
    """A ticket like another, how like (0 to 1), and the last answer to it, if it has one."""

    ticket: Ticket
    likeness: float
    answer: str | None


def to(session: Session, account: Account, ticket: Ticket, now: datetime) -> list[Similar]:
    """Return the tickets most like one, the likest first; those of the same incident are left to the incident."""
    if ticket.topic_slug in {None, UNCLEAR_TOPIC} or not incidents.takes_part(ticket):
        return []
    here = (
        Ticket.topic_slug == ticket.topic_slug,
        Ticket.received_at >= now - SINCE,
        Ticket.id != ticket.id,
        Ticket.status != Status.MERGED,
        or_(Ticket.incident_id.is_(None), Ticket.incident_id != ticket.incident_id),
        access.visible_to(account),
    )
    newest = select(Ticket).where(*here).order_by(Ticket.received_at.desc(), Ticket.id).limit(COMPARED)
    found = session.scalars(newest.options(selectinload(Ticket.ward))).all()
    rated = [(_alike(ticket, other), other) for other in found]
    best = sorted((pair for pair in rated if pair[0] >= LEAST), key=lambda pair: (-pair[0], str(pair[1].id)))[:SHOWN]
    answers = _answers(session, [other for _, other in best])
    return [Similar(other, how, answers.get(other.id)) for how, other in best]


def _alike(one: Ticket, other: Ticket) -> float:
    how = likeness(one.search_text, other.search_text)
    if one.ward_code is not None and one.ward_code == other.ward_code:
        how += _STREET if one.street and one.street == other.street else _WARD
    elif one.cell is not None and other.cell in around(one.cell):
        how += _NEAR
    return min(how, 1.0)


def _answers(session: Session, tickets: list[Ticket]) -> dict[UUID, str]:
    said = and_(TicketEvent.ticket_id.in_([one.id for one in tickets]), TicketEvent.kind == "answered")
    events = session.scalars(select(TicketEvent).where(said).order_by(TicketEvent.id))
    return {event.ticket_id: event.public_text for event in events if event.public_text}
