"""The vault: what a denunciation says, encrypted, and who has read it why. No other table holds any of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Integer, LargeBinary, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, BigId, UtcDateTime
from models.department import Department

#: Characters of the reason for which somebody opens a sealed ticket.
READ_REASON_MAX = 500


class SealedContent(Base):
    """Everything that a sealed ticket says, in one envelope that only the seal key opens."""

    __tablename__ = "sealed_content"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SealedPhoto(Base):
    """A photo of a sealed ticket, encrypted. `swept` tells that no plain file of it is left."""

    __tablename__ = "sealed_photo"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    swept: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))


class SealedRead(Base):
    """Somebody has opened a sealed ticket, and why. Triggers on both databases refuse to change or delete it."""

    __tablename__ = "sealed_read"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(READ_REASON_MAX))

    account: Mapped[Account] = relationship()


class SealedReferral(Base):
    """What was sent to the verifier of a denunciation, without its writer's identity (law 25/2018, article 56)."""

    __tablename__ = "sealed_referral"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)

    department: Mapped[Department] = relationship()
