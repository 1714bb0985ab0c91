"""More time for a ticket: asked for by one person of its unit, decided on by another, once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, UtcDateTime, one_of
from models.ticket import Ticket
from models.vocabulary import ExtensionState


class Extension(Base):
    """A unit's wish for more working days. The key is the ticket: there is one for each, whatever was decided.

    One that nobody had decided on goes when the ticket is reopened: it was for what had been promised before.
    """

    __tablename__ = "extension"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    days: Mapped[int] = mapped_column(Integer)
    state: Mapped[ExtensionState] = mapped_column(one_of(ExtensionState), default=ExtensionState.ASKED)
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_before: Mapped[datetime | None] = mapped_column(UtcDateTime)

    ticket: Mapped[Ticket] = relationship()
    asker: Mapped[Account] = relationship(foreign_keys=asked_by)
    decider: Mapped[Account | None] = relationship(foreign_keys=decided_by)

    __table_args__ = (
        CheckConstraint("days between 1 and 10", name="days_range"),
        CheckConstraint("decided_by is null or decided_by <> asked_by", name="four_eyes"),
        CheckConstraint("(state = 'asked') = (decided_at is null)", name="decided"),
    )
