"""What administrators decided about single days, on top of the city's file. Never changed, only added to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, BigId, UtcDateTime


class CalendarChange(Base):
    """From then on a day is off, is worked, or (`working` null) is again as the city's file has it; the last counts.

    `actor_id` is who decided on the web; `author` names whoever it was, also at the command line. Triggers on both
    databases refuse to change or delete a row.
    """

    __tablename__ = "calendar_change"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    day: Mapped[date] = mapped_column(Date, index=True)
    working: Mapped[bool | None] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(String(300))
    author: Mapped[str] = mapped_column(String(120))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    actor: Mapped[Account | None] = relationship()


class CalendarApplied(Base):
    """The last change of the calendar after which every open deadline was looked at; one row, number 1.

    Whoever decides on a day locks it, so that decisions are numbered in the order in which they are seen.
    """

    __tablename__ = "calendar_applied"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    change_id: Mapped[int | None] = mapped_column(ForeignKey("calendar_change.id"))
