"""What auditors read: one list of ways in, accounts, exports and openings of sealed tickets, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import CompoundSelect, Integer, String, Uuid, cast, literal, null, select, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from app.problems import NotFound
from models.account import Account
from models.audit import AuditEvent
from models.base import UtcDateTime
from models.sealed import SealedRead
from models.vocabulary import AuditKind

PAGE: Final = 50
#: What a line of the record of reads is called among the others.
SEALED_READ: Final = "sealed_read"


class Topic(StrEnum):
    """What a reader of the list may want to see alone."""

    WAYS_IN = "ways_in"
    FAILED = "failed"
    ACCOUNTS = "accounts"
    TOKENS = "tokens"
    EXPORTS = "exports"
    SEALED = "sealed"


_KINDS: Final[dict[Topic, Collection[str]]] = {
    Topic.WAYS_IN: (AuditKind.LOGIN, AuditKind.LOGOUT, AuditKind.SESSIONS_ENDED, AuditKind.RECOVERY_USED),
    Topic.FAILED: (AuditKind.LOGIN_FAILED, AuditKind.SECOND_STEP_FAILED),
    Topic.ACCOUNTS: (
        AuditKind.ACCOUNT_CREATED,
        AuditKind.ACCOUNT_DISABLED,
        AuditKind.ACCOUNT_CHANGED,
        AuditKind.INVITED,
        AuditKind.PASSWORD_SET,
        AuditKind.FACTOR_SET,
        AuditKind.FACTOR_OFF,
        AuditKind.FACTOR_RESET,
        AuditKind.RECOVERY_RENEWED,
        AuditKind.MODEL_PROMOTED,
    ),
    Topic.TOKENS: (AuditKind.TOKEN_MADE, AuditKind.TOKEN_REVOKED),
    Topic.EXPORTS: (AuditKind.EXPORTED,),
    Topic.SEALED: (SEALED_READ,),
}


@dataclass(frozen=True)
class Line:
    """One happening: `whom` it is about and `who` did it are names of accounts; `ticket` is one that was opened."""

    at: datetime
    kind: str
    whom: str | None
    who: str | None
    detail: str | None
    ticket: UUID | None


@dataclass(frozen=True)
class AuditPage:
    """Part of the list; `after` stands for its last line if there are more."""

    lines: list[Line]
    after: str | None


def page(
    session: Session, topic: Topic | None = None, after: str | None = None, account_id: UUID | None = None
) -> AuditPage:
    """Return lines, newest first, of one topic or of all; raise `NotFound` for an `after` that we never gave.

    With `account_id` only those that are about this account or were done by it.
    """
    happened = _everything().subquery("happened")
    column = happened.c
    whom, who = aliased(Account), aliased(Account)
    query = (
        select(column.at, column.source, column.id)
        .add_columns(column.kind, whom.username, who.username, column.detail, column.ticket_id)
        .outerjoin(whom, whom.id == column.account_id)
        .outerjoin(who, who.id == column.actor_id)
        .order_by(column.at.desc(), column.source.desc(), column.id.desc())
        .limit(PAGE + 1)
    )
    if topic is not None:
        query = query.where(column.kind.in_(_KINDS[topic]))
    if account_id is not None:
        query = query.where((column.account_id == account_id) | (column.actor_id == account_id))
    if after:
        at, source, number = _key(after)
        bound = (literal(at, UtcDateTime), literal(source, Integer), literal(number, Integer))
        query = query.where(tuple_(column.at, column.source, column.id) < tuple_(*bound))
    rows = session.execute(query).all()
    lines = [Line(at, kind, name, by, detail, ticket) for at, _, _, kind, name, by, detail, ticket in rows[:PAGE]]
    more = len(rows) > PAGE
    return AuditPage(lines, _written(*rows[PAGE - 1][:3]) if more else None)


def _everything() -> CompoundSelect[tuple[datetime, int, int, str, UUID | None, UUID | None, str | None, UUID | None]]:
    """The record of reads stays where it is and is not written twice; here both are one."""
    own = select(
        AuditEvent.at.label("at"),
        literal(0, Integer).label("source"),
        AuditEvent.id.label("id"),
        cast(AuditEvent.kind, String(32)).label("kind"),
        AuditEvent.account_id.label("account_id"),
        AuditEvent.actor_id.label("actor_id"),
        AuditEvent.detail.label("detail"),
        cast(null(), Uuid).label("ticket_id"),
    )
    reads = select(
        SealedRead.at,
        literal(1, Integer),
        SealedRead.id,
        literal(SEALED_READ, String(32)),
        cast(null(), Uuid),
        SealedRead.account_id,
        cast(null(), String(120)),
        SealedRead.ticket_id,
    )
    return union_all(own, reads)


def _written(at: datetime, source: int, number: int) -> str:
    return f"{at.isoformat()}_{source}_{number}"


def _key(after: str) -> tuple[datetime, int, int]:
    try:
        at, source, number = after.split("_")
        moment = datetime.fromisoformat(at)
        found = moment, int(source), int(number)
    except ValueError:
        raise NotFound from None
    if moment.tzinfo is None or not 0 <= found[2] < 2**31 or found[1] not in {0, 1}:
        raise NotFound
    return found
