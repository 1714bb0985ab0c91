"""What the machine thought of a ticket, and how a person's word on its topic compares with that."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.ticket import Ticket, TicketEvent

#: Events that hold what the machine thought of a ticket.
TRIAGED: Final = "triaged"


def evidence(session: Session, ticket: Ticket) -> dict[str, Any]:
    """Return what the machine thought of the ticket last, or an empty object."""
    return _data(last_events(session, [ticket], TRIAGED).get(ticket.id))


def said_topic(session: Session, ticket: Ticket) -> str | None:
    """Return the topic that the filer took it to be about, if they said so."""
    said: str | None = _data(last_events(session, [ticket], "received").get(ticket.id)).get("topic")
    return said


def why_here(session: Session, ticket: Ticket) -> dict[str, Any]:
    """Return the data of what sent the ticket where it is now: the machine, a unit's return, or a coordinator."""
    return _data(last_events(session, [ticket], TRIAGED, "rerouted", "reviewed").get(ticket.id))


def last_events(session: Session, tickets: Iterable[Ticket], *kinds: str) -> dict[UUID, TicketEvent]:
    """Return, by the ticket's id, the last event of these kinds, of tickets that have one."""
    of_them = and_(TicketEvent.ticket_id.in_([ticket.id for ticket in tickets]), TicketEvent.kind.in_(kinds))
    events = session.scalars(select(TicketEvent).where(of_them).order_by(TicketEvent.id))
    return {event.ticket_id: event for event in events}


def compared(session: Session, ticket: Ticket, topic: str | None) -> dict[str, Any]:
    """Return what the machine said of the topic, by which model, and what a person says, side by side."""
    thought = evidence(session, ticket)
    return {
        "model_version": thought.get("model_version"),
        "machine_topic": thought.get("topic"),
        "topic": topic,
        "accepted": thought.get("topic") == topic,
    }


def _data(event: TicketEvent | None) -> dict[str, Any]:
    return event.data if event is not None else {}
