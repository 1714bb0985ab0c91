"""The knowledge base: what questions are answered with."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UtcDateTime
from models.taxonomy import Topic


class Article(Base):
    """One question with its answer in Markdown. `valid_to` is the last day on which it holds.

    `seed` names the article of `models/data/articles.yaml` that it began as, so that a release
    brings each once and never writes over what coordinators made of it.
    """

    __tablename__ = "article"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    seed: Mapped[str | None] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    topic_slug: Mapped[str | None] = mapped_column(ForeignKey("topic.slug"))
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source_url: Mapped[str | None] = mapped_column(String(500))
    source: Mapped[str | None] = mapped_column(String(300))
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    topic: Mapped[Topic | None] = relationship()

    __table_args__ = (
        CheckConstraint("valid_from is null or valid_to is null or valid_from <= valid_to", name="valid_range"),
    )
