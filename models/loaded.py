"""What the city's files said when they were loaded, so that one can see what changed when."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, UtcDateTime


class LoadedRules(Base):
    """The rules as they were written from that load on, until the next row. Rows are only added."""

    __tablename__ = "loaded_rules"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    digest: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
