"""What a citizen agreed to, when, by which way and to which words; never what the contact was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.person import Consent
from models.vocabulary import Channel, Purpose

#: The edition of the sentence beside the box that a citizen ticks; raise it when the sentence changes its meaning.
WORDS: Final = "1"


def given(ticket_id: UUID, at: datetime, channel: Channel) -> Consent:
    """Return the row of a citizen's consent to be reached about their report."""
    return _said(ticket_id, at, channel, given=True)


def withdrawn(ticket_id: UUID, at: datetime, channel: Channel) -> Consent:
    """Return the row of a citizen's taking it back, or of its end with the data it was about."""
    return _said(ticket_id, at, channel, given=False)


def _said(ticket_id: UUID, at: datetime, channel: Channel, *, given: bool) -> Consent:
    return Consent(ticket_id=ticket_id, at=at, purpose=Purpose.ANSWER, given=given, channel=channel, words=WORDS)


def of(session: Session, ticket_id: UUID) -> Sequence[Consent]:
    """Return what was agreed to and taken back, oldest first."""
    return session.scalars(select(Consent).where(Consent.ticket_id == ticket_id).order_by(Consent.id)).all()
