"""Letters that show a complainant on to the office that is competent by law."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, BigId, UtcDateTime
from models.department import Department


class Letter(Base):
    """A letter as it was sent: its citizen reads and prints it word for word."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    body: Mapped[str] = mapped_column(Text)

    department: Mapped[Department] = relationship()
