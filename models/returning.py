"""Tickets that units gave back, one row a return: what the rules can be mended by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, UtcDateTime
from models.department import Department
from models.ticket import Assignment


class TicketReturn(Base):
    """An assignment that ended because its unit said "not ours"; the unit's words are in the event beside it.

    `topic_slug` is what the ticket was taken for at that time: a coordinator may correct it afterwards.
    """

    __tablename__ = "ticket_return"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    topic_slug: Mapped[str | None] = mapped_column(ForeignKey("topic.slug"))
    reason_code: Mapped[str] = mapped_column(String(32))
    proposed_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))

    assignment: Mapped[Assignment] = relationship()
    proposed: Mapped[Department | None] = relationship()
