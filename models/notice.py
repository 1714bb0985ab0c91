"""What staff were told about deadlines, each once, and who has seen it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, BigId, UtcDateTime, one_of
from models.department import Department
from models.ticket import Deadline, Ticket
from models.vocabulary import NoticeAudience, NoticeStage


class Notice(Base):
    """A stage of a deadline was reached, and these people were told; no words of the report are in it.

    The unique index is what makes it once, whoever asks how often: `term` is the deadline's. A stage that had passed
    when a later one came due too was not sent: it is here with `skipped`, and nobody sees it. `department_id` is the
    unit that had the ticket, none for one that waited for a coordinator.
    """

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"))
    term: Mapped[int] = mapped_column(Integer)
    stage: Mapped[NoticeStage] = mapped_column(one_of(NoticeStage))
    audience: Mapped[NoticeAudience] = mapped_column(one_of(NoticeAudience))
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    skipped: Mapped[bool] = mapped_column(Boolean, default=False)

    ticket: Mapped[Ticket] = relationship()
    deadline: Mapped[Deadline] = relationship()
    department: Mapped[Department | None] = relationship()

    __table_args__ = (
        Index("uq_notice_stage", "deadline_id", "term", "stage", unique=True),
        Index("ix_notice_audience", "audience", "department_id", "id"),
    )


class NoticeSeen(Base):
    """A person has seen a notice."""

    __tablename__ = "notice_seen"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    account: Mapped[Account] = relationship()
