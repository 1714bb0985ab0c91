"""Wards of today and the wards they were made of: facts loaded from the city's data folder."""

from sqlalchemy import Boolean, Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class Ward(Base):
    """A phường, xã or đặc khu as it stands now; the code is the statistics office's."""

    __tablename__ = "ward"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    lat: Mapped[float] = mapped_column(Float)
    lon: Mapped[float] = mapped_column(Float)


class LegacyWard(Base):
    """A ward before July 2025, which people go on typing; it may have been split over several."""

    __tablename__ = "legacy_ward"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    district: Mapped[str] = mapped_column(String(120))
    province: Mapped[str] = mapped_column(String(120))
    successors: Mapped[list["LegacySuccessor"]] = relationship(cascade="all, delete-orphan", lazy="selectin")


class LegacySuccessor(Base):
    """One of the wards that a legacy ward became."""

    __tablename__ = "legacy_successor"

    legacy_code: Mapped[str] = mapped_column(ForeignKey("legacy_ward.code"), primary_key=True)
    ward_code: Mapped[str] = mapped_column(ForeignKey("ward.code"), primary_key=True)
    is_default: Mapped[bool] = mapped_column(Boolean)
