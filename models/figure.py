"""Public figures: reports counted by the day on which they were received, kept by the relay.

Nothing in here leads to a report: only numbers, by topic and ward. What may be shown of them is decided by whoever
shows them (`app.maps.service`).
"""

from datetime import date

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, one_of
from models.vocabulary import Outcome

_DUE = text("due")


class DailyCount(Base):
    """How many reports of a day (of the city) have a topic and ward and stand alike.

    `days`: begun days until the answer. `in_time`: whether the first answer met its deadline; unset without one.
    `due_on`: the day on which the answer to an open one is due, unless it was given before, or the clock stands still.
    """

    __tablename__ = "daily_count"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    topic_slug: Mapped[str] = mapped_column(ForeignKey("topic.slug"))
    ward_code: Mapped[str | None] = mapped_column(ForeignKey("ward.code"))
    outcome: Mapped[Outcome] = mapped_column(one_of(Outcome))
    days: Mapped[int | None] = mapped_column(Integer)
    in_time: Mapped[bool | None] = mapped_column(Boolean)
    due_on: Mapped[date | None] = mapped_column(Date)
    reports: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_daily_count_day", "day"),)


class CountedDay(Base):
    """A day of which reports were counted, or, while `due`, have to be counted anew."""

    __tablename__ = "counted_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    due: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (Index("ix_counted_day_due", "day", sqlite_where=_DUE, postgresql_where=_DUE),)
