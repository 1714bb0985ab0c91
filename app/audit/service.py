"""What auditors read: one list of ways in, accounts, exports and openings of sealed tickets, newest first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Label,
    Select,
    SQLColumnExpression,
    String,
    Uuid,
    cast,
    false,
    literal,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from app.problems import NotFound
from models.account import Account
from models.audit import AuditEvent
from models.base import BigId, UtcDateTime
from models.sealed import SealedRead
from models.vocabulary import AuditKind

PAGE: Final = 50
#: What a line of the record of reads is called among the others.
SEALED_READ: Final = "sealed_read"
#: The two tables, in the order in which their rows of one instant stand.
_OWN: Final = 0
_READS: Final = 1
_Row = tuple[Any, ...]


class Topic(StrEnum):
    """What a reader of the list may want to see alone."""

    WAYS_IN = "ways_in"
    FAILED = "failed"
    ACCOUNTS = "accounts"
    TOKENS = "tokens"
    EXPORTS = "exports"
    SEALED = "sealed"


_KINDS: Final[dict[Topic, Collection[AuditKind]]] = {
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
    Topic.EXPORTS: (AuditKind.EXPORTED, AuditKind.WEBHOOK_MADE, AuditKind.WEBHOOK_ON, AuditKind.WEBHOOK_OFF),
    Topic.SEALED: (),
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
    key = _key(after) if after else None
    parts = [
        _part(session, asked.where(*_beyond(key, source, at, number)), at, number)
        for source, at, number, asked in (
            (_OWN, AuditEvent.at, AuditEvent.id, _own(topic, account_id)),
            (_READS, SealedRead.at, SealedRead.id, _reads(topic, account_id)),
        )
    ]
    rows = sorted(chain(*parts), key=lambda row: row[:3], reverse=True)
    lines = [Line(at, kind, name, by, detail, ticket) for at, _, _, kind, name, by, detail, ticket in rows[:PAGE]]
    return AuditPage(lines, _written(*rows[PAGE - 1][:3]) if len(rows) > PAGE else None)


def _part(
    session: Session, asked: Select[_Row], at: SQLColumnExpression[datetime], number: SQLColumnExpression[int]
) -> Sequence[_Row]:
    """Return as many rows of one of the two tables as a page can need; each table reads its own index."""
    return [tuple(row) for row in session.execute(asked.order_by(at.desc(), number.desc()).limit(PAGE + 1))]


def _beyond(
    key: tuple[datetime, int, int] | None,
    source: int,
    at: SQLColumnExpression[datetime],
    number: SQLColumnExpression[int],
) -> list[ColumnElement[bool]]:
    """Return the condition for a row of a table to come after a line; at one instant reads come before the others."""
    if key is None:
        return []
    moment, of, last = key
    if of == source:
        return [tuple_(at, number) < tuple_(literal(moment, UtcDateTime), literal(last, BigId))]
    return [at <= moment] if of > source else [at < moment]


def _own(topic: Topic | None, account_id: UUID | None) -> Select[_Row]:
    whom, who = aliased(Account), aliased(Account)
    query = (
        select(AuditEvent.at, literal(_OWN), AuditEvent.id, AuditEvent.kind)
        .add_columns(whom.username, who.username, AuditEvent.detail, cast(null(), Uuid))
        .outerjoin(whom, whom.id == AuditEvent.account_id)
        .outerjoin(who, who.id == AuditEvent.actor_id)
    )
    if topic is not None:
        query = query.where(AuditEvent.kind.in_(_KINDS[topic]))
    if account_id is not None:
        query = query.where(or_(AuditEvent.account_id == account_id, AuditEvent.actor_id == account_id))
    return query


def _reads(topic: Topic | None, account_id: UUID | None) -> Select[_Row]:
    """The record of reads stays where it is and is not written twice; here both are one."""
    query = (
        select(SealedRead.at, literal(_READS), SealedRead.id, literal(SEALED_READ))
        .add_columns(_nothing("whom"), Account.username, _nothing("detail"), SealedRead.ticket_id)
        .join(Account, Account.id == SealedRead.account_id)
    )
    if topic not in {None, Topic.SEALED}:
        query = query.where(false())
    return query if account_id is None else query.where(SealedRead.account_id == account_id)


def _nothing(name: str) -> Label[str]:
    return cast(null(), String(64)).label(name)


def _written(at: datetime, source: int, number: int) -> str:
    return f"{at.isoformat()}_{source}_{number}"


def _key(after: str) -> tuple[datetime, int, int]:
    try:
        at, source, number = after.split("_")
        moment = datetime.fromisoformat(at)
        found = moment, int(source), int(number)
    except ValueError:
        raise NotFound from None
    if moment.tzinfo is None or not 0 <= found[2] < 2**63 or found[1] not in {_OWN, _READS}:
        raise NotFound
    return found
