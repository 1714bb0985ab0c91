"""What auditors read: one list of ways in, accounts, exports, persons and openings of sealed tickets, newest first."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    Uuid,
    cast,
    literal,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from app import pagekey
from app.problems import NotFound
from models.account import Account
from models.audit import DETAIL_MAX, AuditEvent
from models.base import BigId, UtcDateTime
from models.board import ReportExport
from models.sealed import SealedRead
from models.vocabulary import AuditKind
from models.worklist import Export

PAGE: Final = 50
#: What a line of the record of reads is called among the others.
SEALED_READ: Final = "sealed_read"
#: The tables, in the order in which their rows of one instant stand: the last first.
_OWN, _READS, _LISTS, _REPORTS = range(4)
_Row = tuple[Any, ...]


class Topic(StrEnum):
    """What a reader of the list may want to see alone."""

    WAYS_IN = "ways_in"
    FAILED = "failed"
    ACCOUNTS = "accounts"
    TOKENS = "tokens"
    EXPORTS = "exports"
    PERSONS = "persons"
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
    Topic.TOKENS: (
        AuditKind.TOKEN_MADE,
        AuditKind.TOKEN_REVOKED,
        AuditKind.EXCHANGE_MADE,
        AuditKind.EXCHANGE_REVOKED,
    ),
    Topic.EXPORTS: (AuditKind.EXPORTED, AuditKind.WEBHOOK_MADE, AuditKind.WEBHOOK_ON, AuditKind.WEBHOOK_OFF),
    Topic.PERSONS: (AuditKind.PERSON_FOUND, AuditKind.PERSON_EXPORTED, AuditKind.PERSON_ERASED),
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
    parts = [_part(session, source, key) for source in _sources(topic, account_id)]
    rows = sorted(chain(*parts), key=lambda row: row[:3], reverse=True)
    lines = [Line(at, kind, name, by, detail, ticket) for at, _, _, kind, name, by, detail, ticket in rows[:PAGE]]
    return AuditPage(lines, _written(*rows[PAGE - 1][:3]) if len(rows) > PAGE else None)


@dataclass(frozen=True)
class _Source:
    """A table that has lines: `place` is its own among the tables, `at` and `number` say where a line stands in it."""

    place: int
    at: SQLColumnExpression[datetime]
    number: SQLColumnExpression[int]
    lines: Select[_Row]


def _part(session: Session, source: _Source, key: tuple[datetime, int, int] | None) -> Sequence[_Row]:
    """Return as many lines of one table as a page can need."""
    asked = source.lines.where(*_beyond(key, source)).order_by(source.at.desc(), source.number.desc())
    return [tuple(row) for row in session.execute(asked.limit(PAGE + 1))]


def _beyond(key: tuple[datetime, int, int] | None, source: _Source) -> list[ColumnElement[bool]]:
    """Return the condition for a row of a table to come after a line."""
    if key is None:
        return []
    moment, of, last = key
    if of == source.place:
        return [tuple_(source.at, source.number) < tuple_(literal(moment, UtcDateTime), literal(last, BigId))]
    return [source.at <= moment] if of > source.place else [source.at < moment]


def _sources(topic: Topic | None, account_id: UUID | None) -> Iterator[_Source]:
    """Yield the tables with lines of a topic. What has a record of its own stays there and is not written twice."""
    if topic is not Topic.SEALED:
        yield _Source(_OWN, AuditEvent.at, AuditEvent.id, _own(topic, account_id))
    if topic in {None, Topic.SEALED}:
        opened = _elsewhere(_READS, SealedRead, SEALED_READ, cast(null(), String), SealedRead.ticket_id, account_id)
        yield _Source(_READS, SealedRead.at, SealedRead.id, opened)
    if topic in {None, Topic.EXPORTS}:
        lists = _exported(_LISTS, Export, "list", Export.format, account_id)
        yield _Source(_LISTS, Export.at, Export.id, lists)
        reports = _exported(_REPORTS, ReportExport, "report", ReportExport.form, account_id)
        yield _Source(_REPORTS, ReportExport.at, ReportExport.id, reports)


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


def _exported(
    place: int, table: type[Export | ReportExport], what: str, form: SQLColumnExpression[Any], account_id: UUID | None
) -> Select[_Row]:
    """Return lines of what was taken out: a list or a report, and as what sort of file."""
    detail = literal(f"{what} ").concat(cast(form, String(DETAIL_MAX)))
    return _elsewhere(place, table, AuditKind.EXPORTED, detail, cast(null(), Uuid), account_id)


def _elsewhere(
    place: int,
    table: type[SealedRead | Export | ReportExport],
    kind: str,
    detail: SQLColumnExpression[Any],
    ticket: SQLColumnExpression[Any],
    account_id: UUID | None,
) -> Select[_Row]:
    query = (
        select(table.at, literal(place), table.id, literal(str(kind)))
        .add_columns(cast(null(), String).label("whom"), Account.username, detail.label("detail"), ticket)
        .join(Account, Account.id == table.account_id)
    )
    return query if account_id is None else query.where(table.account_id == account_id)


def _written(at: datetime, source: int, number: int) -> str:
    return f"{at.isoformat()}_{source}_{number}"


def _key(after: str) -> tuple[datetime, int, int]:
    try:
        at, source, number = after.split("_")
        found = pagekey.moment(at), int(source), int(number)
    except ValueError:
        raise NotFound from None
    if not 0 <= found[2] < 2**63 or not _OWN <= found[1] <= _REPORTS:
        raise NotFound
    return found
