"""What leaders look at: a narrow row per ticket that figures are added up from, and who took a report away."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, BigId, UtcDateTime, one_of
from models.vocabulary import Channel, ExportForm, Status

#: What can be computed anew from other tables: no part of a back-up.
DERIVED = {"derived": True}


class Tally(Base):
    """What the board needs to know of one counted ticket. Made of other tables by `app.board.figures.facts` alone.

    `due_at` and `met_at` are those of the deadline by which the citizen has an answer. `reopened`: its citizen said
    "not fixed" at least once. `acted_s` and `answered_s` are whole seconds from receipt until a unit took it up, and
    until the first answer.
    """

    __tablename__ = "tally"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[Status] = mapped_column(one_of(Status))
    channel: Mapped[Channel] = mapped_column(one_of(Channel))
    department_id: Mapped[str | None] = mapped_column(String(64))
    topic_slug: Mapped[str | None] = mapped_column(String(64))
    ward_code: Mapped[str | None] = mapped_column(String(16))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    met_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused: Mapped[bool] = mapped_column(Boolean)
    reopened: Mapped[bool] = mapped_column(Boolean)
    returns: Mapped[int] = mapped_column(Integer)
    rating: Mapped[int | None] = mapped_column(Integer)
    acted_s: Mapped[int | None] = mapped_column(BigInteger)
    answered_s: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_tally_received", "received_at", "ticket_id"), {"info": DERIVED})


class TallyDue(Base):
    """Something happened to a ticket after its tally was made. A trigger on `ticket_event` writes these rows.

    No foreign keys: the trigger's row may come before the event that a restored back-up still has to bring.
    """

    __tablename__ = "tally_due"

    ticket_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)

    __table_args__ = ({"info": DERIVED},)


class ReportExport(Base):
    """Somebody took a period's report away as a file; triggers on both databases refuse to change or delete it."""

    __tablename__ = "report_export"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    form: Mapped[ExportForm] = mapped_column(one_of(ExportForm))
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date)
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))

    account: Mapped[Account] = relationship()
