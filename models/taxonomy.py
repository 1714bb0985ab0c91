"""Topics and submission types as rows, so that tickets can refer to them by foreign key."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Topic(Base):
    """What a ticket is about; see `models/data/topics.yaml`."""

    __tablename__ = "topic"

    slug: Mapped[str] = mapped_column(String(64), primary_key=True)
    group: Mapped[str] = mapped_column("group_slug", String(64))
    vi: Mapped[str] = mapped_column(String(200))
    en: Mapped[str] = mapped_column(String(200))


class SubmissionKind(Base):
    """A legal kind of petition as a row; the closed set is `models.vocabulary.SubmissionType`."""

    __tablename__ = "submission_type"

    slug: Mapped[str] = mapped_column(String(32), primary_key=True)
    vi: Mapped[str] = mapped_column(String(120))
    en: Mapped[str] = mapped_column(String(120))
