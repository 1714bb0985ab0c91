"""The units that act. Wards are departments too; all are dated, because units keep moving."""

from datetime import date

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of
from models.vocabulary import DepartmentKind


class Department(Base):
    """A unit that receives tickets; `id` is the slug of the city's data (`ubnd-27163`)."""

    __tablename__ = "department"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    vi: Mapped[str] = mapped_column(String(200))
    en: Mapped[str] = mapped_column(String(200))
    kind: Mapped[DepartmentKind] = mapped_column(one_of(DepartmentKind))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    ward_code: Mapped[str | None] = mapped_column(ForeignKey("ward.code"))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    contact: Mapped[str | None] = mapped_column(String(200))
