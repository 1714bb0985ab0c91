"""The units that act. Wards are departments too; all are dated, because units keep moving."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Date, ForeignKey, String, and_, or_
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, UtcDateTime, one_of
from models.vocabulary import DepartmentKind, UnitChangeKind, UnitChangeOrigin


class Department(Base):
    """A unit that receives tickets, as it is today; `id` is the slug of the city's data (`ubnd-27163`).

    A page torn from the book of `DepartmentChange`, so that tickets and accounts can refer to a unit: what it was on
    another day is told by the book alone. `valid_from` and `valid_to` are when it began and ends.
    """

    __tablename__ = "department"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    vi: Mapped[str] = mapped_column(String(200))
    en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[DepartmentKind] = mapped_column(one_of(DepartmentKind))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    ward_code: Mapped[str | None] = mapped_column(ForeignKey("ward.code"))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class DepartmentChange(Base):
    """One line of the book of units; triggers on both databases refuse to change or delete it.

    `state`: from `since` on (as far back as anybody knows when it is null) the unit is as written. `closed`: from
    `since` on it is gone, and `successor_id` has what it left. `undone`: the line `undoes_id` counts no more. Without
    `actor_id` the city's files or somebody at the command line said so.
    """

    __tablename__ = "department_change"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"), index=True)
    change: Mapped[UnitChangeKind] = mapped_column(one_of(UnitChangeKind))
    since: Mapped[date | None] = mapped_column(Date)
    vi: Mapped[str | None] = mapped_column(String(200))
    en: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[DepartmentKind | None] = mapped_column(one_of(DepartmentKind))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    ward_code: Mapped[str | None] = mapped_column(ForeignKey("ward.code"))
    phone: Mapped[str | None] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(254))
    address: Mapped[str | None] = mapped_column(String(300))
    hours: Mapped[str | None] = mapped_column(String(300))
    note: Mapped[str | None] = mapped_column(String(500))
    source: Mapped[str | None] = mapped_column(String(300))
    successor_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("department_change.id"), unique=True)
    origin: Mapped[UnitChangeOrigin] = mapped_column(one_of(UnitChangeOrigin))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    because: Mapped[str | None] = mapped_column(String(500))

    __table_args__ = (
        CheckConstraint("(change = 'state') = (vi is not null and en is not null and kind is not null)", name="stated"),
        CheckConstraint("(change = 'undone') = (undoes_id is not null)", name="undoing"),
    )


def open_on(day: date) -> ColumnElement[bool]:
    """Return the condition for a unit that exists on that day; right for today and for what is planned."""
    begun = or_(Department.valid_from.is_(None), Department.valid_from <= day)
    return and_(begun, or_(Department.valid_to.is_(None), Department.valid_to > day))
