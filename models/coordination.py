"""What a co-ordinating unit owes the lead."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UtcDateTime
from models.ticket import Assignment

_OWED = text("done_at is null")


class Part(Base):
    """One co-ordinating assignment's share of the work: due before the lead's answer, and told to the lead alone.

    `contribution` is what the unit wrote last (each version is in the history); `done_at` when it said that it is done.
    """

    __tablename__ = "part"

    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    calendar_version: Mapped[str] = mapped_column(String(64))
    contribution: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    assignment: Mapped[Assignment] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        CheckConstraint("done_at is null or contribution is not null", name="done_says_what"),
        Index("ix_part_due", "due_at", "assignment_id"),
        Index("ix_part_owed", "due_at", "assignment_id", sqlite_where=_OWED, postgresql_where=_OWED),
    )

    def late(self, now: datetime) -> bool:
        """Tell whether it was, or still is, done after its time."""
        return (self.done_at or now) > self.due_at
