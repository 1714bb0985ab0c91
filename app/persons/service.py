"""What a person may ask of us by their telephone number: all that we keep of them, or that it goes.

The number comes by a file or standard input, never as an argument: those stand in shell histories and process lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import wall
from app.access import KEPT_APART
from app.audit.record import record
from app.hotline import Hotline
from app.intake.schema import e164
from app.letters.service import letters
from app.persons import consent, erasure
from app.persons.contacts import FIELDS, contact_of, tickets_of_number
from app.persons.erasure import BY_NOBODY, Asked
from app.persons.holds import hold_of
from app.persons.reveal import REASON_MAX, SHOWN
from app.problems import refuse
from app.words import reason_of
from models.person import Erasure
from models.ticket import Happening, Ticket, TicketEvent
from models.vocabulary import AuditKind, ErasureCause, Status

#: The kind of event that says that a person was given what we keep of them.
EXPORTED: Final = "contact_exported"


@dataclass(frozen=True)
class Found:
    """A ticket of a number: since when, how it stands, and why it must stay whole if it must."""

    ticket_id: UUID
    received_at: datetime
    status: Status
    hold: str | None
    held_until: datetime | None = None


def number_of(typed: str) -> str:
    """Return a number as E.164; raise `Refused` for what is none."""
    try:
        number = e164(typed.strip() or None)
    except ValueError:
        number = None
    if number is None:
        raise refuse("phone", "phone")
    return number


def find(hotline: Hotline, number: str, asked: Asked = BY_NOBODY) -> list[Found]:
    """Return every ticket that left this number, sealed ones apart: those are the vault's, which is not searched.

    That somebody looked is on record, and how much they found; never for whom.
    """
    with hotline.database.transaction() as session:
        found = _found(hotline, session, number)
        _note(hotline, session, AuditKind.PERSON_FOUND, asked, found)
        return found


def export(hotline: Hotline, number: str, asked: Asked = BY_NOBODY) -> dict[str, Any]:
    """Return all that we keep of a person, as JSON; that they were given it is on record with each ticket."""
    with hotline.database.transaction() as session:
        tickets = _theirs(hotline, session, number)
        kept = [_kept(hotline, session, ticket) for ticket in tickets]
        _note(hotline, session, AuditKind.PERSON_EXPORTED, asked, tickets)
        for ticket in tickets:
            ticket.happened(Happening(EXPORTED, hotline.now(), asked.by))
        return {"phone": number, "exported_at": hotline.now().isoformat(), "tickets": kept}


def checked(asked: Asked) -> Asked:
    """Return what is asked for if its reason is one; raise `Refused` for too short, too long or none."""
    return Asked(asked.by, reason_of(asked.why or "", REASON_MAX))


def erase(hotline: Hotline, number: str, asked: Asked = BY_NOBODY) -> tuple[int, list[Found]]:
    """Take the person out of every ticket that left this number; return how many, and those held back by law.

    What is asked for is on record before anything goes, so that nothing goes without.
    """
    with hotline.database.transaction() as session:
        every = _found(hotline, session, number)
        _note(hotline, session, AuditKind.PERSON_ERASED, asked, every)
    done, held = 0, []
    for found in every:
        with hotline.database.transaction() as session:
            ticket = session.scalar(
                select(Ticket).where(Ticket.id == found.ticket_id, ~KEPT_APART).with_for_update(of=Ticket)
            )
            if ticket is None:  # somebody has just sealed it
                continue
            wall.let_through(session)
            now_found = _one(hotline, session, ticket)
            if now_found.hold is not None:
                held.append(now_found)
                continue
            erasure.erase(hotline, session, ticket, ErasureCause.REQUEST, asked)
            done += 1
    hotline.database.forget()
    return done, held


def _found(hotline: Hotline, session: Session, number: str) -> list[Found]:
    return [_one(hotline, session, ticket) for ticket in _theirs(hotline, session, number)]


def _one(hotline: Hotline, session: Session, ticket: Ticket) -> Found:
    hold = hold_of(session, ticket.id, hotline.now())
    why, until = (hold.reason, hold.until) if hold else (None, None)
    return Found(ticket.id, ticket.received_at, ticket.status, why, until)


def _note(hotline: Hotline, session: Session, kind: AuditKind, asked: Asked, tickets: Sequence[Found | Ticket]) -> None:
    record(session, hotline.now(), kind, actor=asked.by, detail=f"{len(tickets)} tickets")


def _theirs(hotline: Hotline, session: Session, number: str) -> Sequence[Ticket]:
    return tickets_of_number(hotline, session, number, ~KEPT_APART)


def _kept(hotline: Hotline, session: Session, ticket: Ticket) -> dict[str, Any]:
    contact = contact_of(hotline, session, ticket.id)
    events = session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket.id).order_by(TicketEvent.id))
    history = list(events)
    erasures = session.scalars(select(Erasure).where(Erasure.ticket_id == ticket.id).order_by(Erasure.id))
    return {
        "id": str(ticket.id),
        "received_at": ticket.received_at.isoformat(),
        "channel": ticket.channel.value,
        "status": ticket.status.value,
        "submission_type": ticket.submission_type.value if ticket.submission_type else None,
        "topic": ticket.topic_slug,
        "ward": ticket.ward_code,
        "department": ticket.department_id,
        "text": ticket.text,
        "place": ticket.place_text,
        "latitude": ticket.lat,
        "longitude": ticket.lon,
        "contact": {name: getattr(contact, name) for name in FIELDS} if contact else None,
        "consents": [
            {"at": one.at.isoformat(), "purpose": one.purpose.value, "given": one.given, "by": one.channel.value}
            for one in consent.of(session, ticket.id)
        ],
        "history": [{"at": event.at.isoformat(), "kind": event.kind, "words": event.public_text} for event in history],
        "seen_by": [
            {"at": event.at.isoformat(), "why": event.internal_text} for event in history if event.kind == SHOWN
        ],
        "letters": [{"at": letter.sent_at.isoformat(), "body": letter.body} for letter in letters(session, ticket)],
        "rating": {"stars": ticket.feedback.rating, "comment": ticket.feedback.comment} if ticket.feedback else None,
        "photos": [{"sha256": photo.sha256, "bytes": photo.size} for photo in ticket.attachments],
        "erasures": [{"at": one.at.isoformat(), "cause": one.cause.value} for one in erasures],
    }
