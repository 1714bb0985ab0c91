"""Writing down what auditors read. Append-only, in the transaction of what it tells of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.audit import DETAIL_MAX, AuditEvent
from models.vocabulary import AuditKind


def record(
    session: Session,
    at: datetime,
    kind: AuditKind,
    *,
    account: UUID | None = None,
    actor: UUID | None = None,
    detail: str | None = None,
) -> None:
    """Write one happening. `detail` is a word of the program's own, never what somebody typed.

    `account` is whom it is about, `actor` who did it: None for somebody unknown, and for the machine's own hand.
    """
    short = detail[:DETAIL_MAX] if detail else None
    session.add(AuditEvent(at=at, kind=kind, account_id=account, actor_id=actor, detail=short))
