"""Words to citizens before they are sent: what units keep to begin from, and answers that wait for a second person."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, UtcDateTime, one_of
from models.department import Department
from models.taxonomy import Topic
from models.ticket import Ticket
from models.vocabulary import Status

TITLE_MAX = 120


class ReplyTemplate(Base):
    """Words to begin a reply from; `status` is where a ticket goes by a reply of this kind.

    Without a department it is everybody's, without a topic it fits any. One that is `retired` is offered no more.
    """

    __tablename__ = "reply_template"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    topic_slug: Mapped[str | None] = mapped_column(ForeignKey("topic.slug"))
    status: Mapped[Status] = mapped_column(one_of(Status))
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    body: Mapped[str] = mapped_column(Text)
    retired: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))

    department: Mapped[Department | None] = relationship()
    topic: Mapped[Topic | None] = relationship()

    __table_args__ = (Index("ix_reply_template_unit", "department_id", "status"),)


class WaitingAnswer(Base):
    """An answer that its writer's unit wants a second person to see first; the citizen sees nothing of it.

    `back_at` tells that it was given back, by whom and with which note, or that its writer took it back to mend it.
    """

    __tablename__ = "waiting_answer"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    written_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    back_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    note: Mapped[str | None] = mapped_column(Text)

    ticket: Mapped[Ticket] = relationship()
    writer: Mapped[Account] = relationship(foreign_keys=written_by)
    reader: Mapped[Account | None] = relationship(foreign_keys=back_by)

    __table_args__ = (CheckConstraint("(back_at is null) = (back_by is null)", name="given_back"),)


class UnitPractice(Base):
    """How a unit wants to work, as who leads it has said; a unit without a row works as everybody does."""

    __tablename__ = "unit_practice"

    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"), primary_key=True)
    second_approval: Mapped[bool] = mapped_column(Boolean, default=False)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))

    department: Mapped[Department] = relationship()
