"""What happened to ways in and accounts, for auditors. Triggers on both databases refuse to change or delete it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, UtcDateTime, one_of
from models.vocabulary import AuditKind

#: Characters of `AuditEvent.detail`.
DETAIL_MAX = 120


class AuditEvent(Base):
    """One happening. `account_id` is whom it is about, `actor_id` who did it: nobody known, or the machine, if null.

    `detail` is a word of the program (a method, scopes, a model's version), never what somebody typed.
    """

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "at", "id"), Index(None, "account_id", "id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[AuditKind] = mapped_column(one_of(AuditKind))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    detail: Mapped[str | None] = mapped_column(String(DETAIL_MAX))
