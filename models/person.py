"""What was agreed to with personal data, what was held, and what is gone. All of it says that, never what it was."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Json, UtcDateTime, one_of
from models.vocabulary import Channel, ErasureCause, Purpose

HOLD_REASON_MAX = 500
_BY_TIME = text("cause = 'retention'")
_STANDS = text("lifted_at is null")


class Consent(Base):
    """A citizen agreed that their contact is used for a purpose, or took that back. Triggers refuse any change.

    `channel` is the way by which they said so; `words` names the edition of the sentence that they agreed to.
    """

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose))
    given: Mapped[bool] = mapped_column(Boolean)
    channel: Mapped[Channel] = mapped_column(one_of(Channel))
    words: Mapped[str] = mapped_column(String(16))


class LegalHold(Base):
    """A ticket stays whole, whatever its age and whoever asks, until a day or until somebody lifts it."""

    __tablename__ = "legal_hold"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    reason: Mapped[str] = mapped_column(String(HOLD_REASON_MAX))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: None where it was done at the command line, by who has the machine.
    placed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        CheckConstraint("until is null or until > placed_at", name="until_later"),
        Index("uq_legal_hold_stands", "ticket_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
    )


class Erasure(Base):
    """Personal data of a ticket is gone, when and why; `what` counts what was removed. Triggers refuse any change."""

    __tablename__ = "erasure"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    cause: Mapped[ErasureCause] = mapped_column(one_of(ErasureCause))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    what: Mapped[dict[str, Any]] = mapped_column(Json)

    __table_args__ = (
        # Time does it once, however many relays there are.
        Index("uq_erasure_by_time", "ticket_id", unique=True, sqlite_where=_BY_TIME, postgresql_where=_BY_TIME),
    )


class ErasureDoor(Base):
    """Open within one transaction: while it is there, the history of its ticket lets words be masked, and no more."""

    __tablename__ = "erasure_door"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    erasure_id: Mapped[int] = mapped_column(ForeignKey("erasure.id"))
