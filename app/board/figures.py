"""The figures in SQL, all in here. `docs/figures.md` says in words and in plain SQL what each is.

`facts` has a row per counted ticket, made of the real tables; the table `tally` keeps those rows. What is added up from
either is written once, in `counted`, and takes both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnCollection,
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Row,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import FunctionElement

from app import access
from models.account import Account
from models.board import Tally
from models.taxonomy import Topic
from models.ticket import Deadline, Feedback, Ticket, TicketEvent
from models.vocabulary import DeadlineKind, Status
from models.workflow import OPEN

#: The citizen has a last word from us.
DONE: Final = frozenset({Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.REFERRED})
#: The tables' own word for "of none": no unit, no ward, no topic and so no group of topics.
NONE: Final = "none"

Columns = ColumnCollection[Any, Any]


class epoch(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """Whole seconds since 1970 of a time, the same on both databases."""

    type = Integer()
    inherit_cache = True


@compiles(epoch, "sqlite")
def _epoch_of_text(element: epoch, compiler: Any, **kw: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER)"


@compiles(epoch, "postgresql")
def _epoch_of_time(element: epoch, compiler: Any, **kw: Any) -> str:
    return f"CAST(floor(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **kw)})) AS BIGINT)"


class median(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """The exact median of what is not null; null of nothing. `app.database` teaches it to SQLite."""

    type = Float()
    inherit_cache = True


@compiles(median, "sqlite")
def _median_by_us(element: median, compiler: Any, **kw: Any) -> str:
    return f"median({compiler.process(element.clauses, **kw)})"


@compiles(median, "postgresql")
def _median_by_order(element: median, compiler: Any, **kw: Any) -> str:
    return f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {compiler.process(element.clauses, **kw)})"


@dataclass(frozen=True)
class Scope:
    """Of which tickets: received from `begins` until before `ends`, and of one unit, ward, topic, group or channel.

    `NONE` as a unit, ward, topic or group is "of none".
    """

    begins: datetime
    ends: datetime
    unit: str | None = None
    ward: str | None = None
    topic: str | None = None
    group: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Counts:
    """What is counted of some tickets; `stars` is the sum of the ratings, spans are medians in seconds."""

    received: int = 0
    open: int = 0
    done: int = 0
    merged: int = 0
    on_time: int = 0
    late: int = 0
    reopened: int = 0
    answered: int = 0
    returned: int = 0
    rated: int = 0
    stars_sum: int = 0
    first_action: float | None = None
    answer_time: float | None = None

    @property
    def decided(self) -> int:
        """Of how many it is decided whether they were in time."""
        return self.on_time + self.late

    @property
    def on_time_rate(self) -> float | None:
        """Part of the decided ones that were in time; None of none."""
        return self.on_time / self.decided if self.decided else None

    @property
    def reopened_rate(self) -> float | None:
        """Part of the answered ones of which the citizen said that they were not done."""
        return self.reopened / self.answered if self.answered else None

    @property
    def stars(self) -> float | None:
        """The average rating."""
        return self.stars_sum / self.rated if self.rated else None


#: What `counted` adds up, besides the spans.
SUMS: Final = tuple(f.name for f in fields(Counts) if f.type in {"int", int})


def facts() -> Select[Any]:
    """Return a row per counted ticket, from the real tables, in the columns of `Tally`."""
    acted = _first(Status.IN_PROGRESS, Status.ANSWERED)
    answered = _first(Status.ANSWERED)
    not_fixed = exists().where(
        TicketEvent.ticket_id == Ticket.id,
        TicketEvent.to_status == Status.REOPENED,
        TicketEvent.from_status.in_([Status.ANSWERED, Status.CLOSED]),
    )
    promised = and_(Deadline.ticket_id == Ticket.id, Deadline.kind == DeadlineKind.RESOLVE)
    columns: list[Any] = [
        Ticket.id.label("ticket_id"),
        Ticket.received_at,
        Ticket.status.label("status"),
        Ticket.channel,
        Ticket.department_id,
        Ticket.topic_slug,
        Ticket.ward_code,
        Deadline.due_at,
        Deadline.met_at,
        Deadline.paused_at.is_not(None).label("paused"),
        not_fixed.correlate(Ticket).label("reopened"),
        Ticket.returns,
        Feedback.rating,
        (epoch(acted) - epoch(Ticket.received_at)).label("acted_s"),
        (epoch(answered) - epoch(Ticket.received_at)).label("answered_s"),
    ]
    return (
        select(*columns)
        .select_from(Ticket)
        .outerjoin(Deadline, promised)
        .outerjoin(Feedback, Feedback.ticket_id == Ticket.id)
        .where(access.COUNTED)
    )


def _first(*there: Status) -> ColumnElement[Any]:
    """Return when a ticket first came to one of these statuses."""
    came = select(func.min(TicketEvent.at)).where(TicketEvent.ticket_id == Ticket.id, TicketEvent.to_status.in_(there))
    return came.correlate(Ticket).scalar_subquery()


def live() -> Subquery:
    """Return the same rows as the tally has, read from the real tables: slow, and what the tally has to equal."""
    return facts().subquery("facts")


TALLY: Final[FromClause] = Tally.__table__


def within(c: Columns, scope: Scope) -> ColumnElement[bool]:
    """Return the condition for the tickets of a scope."""
    wanted = [c.received_at >= scope.begins, c.received_at < scope.ends]
    for column, value in ((c.department_id, scope.unit), (c.ward_code, scope.ward), (c.topic_slug, scope.topic)):
        if value is not None:
            wanted.append(column.is_(None) if value == NONE else column == value)
    if scope.group == NONE:
        wanted.append(c.topic_slug.is_(None))
    elif scope.group is not None:
        wanted.append(c.topic_slug.in_(select(Topic.slug).where(Topic.group == scope.group)))
    if scope.channel is not None:
        wanted.append(c.channel == scope.channel)
    return and_(*wanted)


def conditions(c: Columns, now: datetime) -> dict[str, ColumnElement[bool]]:
    """Return which tickets each figure counts, by the figure's name; the drill-down lists by the same."""
    alone = c.status != Status.MERGED
    still_open = c.status.in_(sorted(OPEN))
    overdue = and_(c.met_at.is_(None), still_open, c.paused.is_(False), c.due_at < now)
    on_time = and_(alone, c.met_at <= c.due_at)
    late = and_(alone, or_(c.met_at > c.due_at, overdue))
    answered = and_(alone, c.answered_s.is_not(None))
    reopened = and_(answered, c.reopened.is_(True))
    return {
        "received": true(),
        "open": still_open,
        "done": c.status.in_(sorted(DONE)),
        "merged": c.status == Status.MERGED,
        "on_time": on_time,
        "late": late,
        "on_time_rate": or_(on_time, late),
        "reopened": reopened,
        "answered": answered,
        "reopened_rate": answered,
        "returned": and_(alone, c.returns > 0),
        "rated": c.rating.is_not(None),
        "stars": c.rating.is_not(None),
        "first_action": and_(alone, c.acted_s.is_not(None)),
        "answer_time": answered,
    }


def counted(  # noqa: PLR0913 - what is counted, of what, when and how are each one thing
    session: Session,
    source: FromClause,
    scope: Scope,
    now: datetime,
    by: str = "all",
    *,
    edges: Sequence[datetime] = (),
    spans: bool = True,
) -> dict[Any, Counts]:
    """Return key → `Counts` of a scope, one for each value of a dimension (`all`: one for everything).

    `by` is unit, ward, topic, group, channel, or bucket with `edges`: instants between which is counted. Without
    `spans` the medians are left out, which are half of the work.
    """
    c = source.c
    key = _key(c, by, edges)
    which = conditions(c, now)
    sums: list[Any] = [func.count(case((which[name], 1))).label(name) for name in SUMS if name != "stars_sum"]
    sums.append(func.coalesce(func.sum(c.rating), 0).label("stars_sum"))
    sums += [
        median(case((which[name], column))).label(name) if spans else null().label(name)
        for name, column in (("first_action", c.acted_s), ("answer_time", c.answered_s))
    ]
    rows = _of_topics(select(key.label("key"), *sums).select_from(source), c, by).where(within(c, scope)).group_by(key)
    return {row.key: _counts(row) for row in session.execute(rows)}


def _counts(row: Row[Any]) -> Counts:
    sums = Counts(**{name: int(getattr(row, name)) for name in SUMS})
    return replace(sums, first_action=row.first_action, answer_time=row.answer_time)


def _key(c: Columns, by: str, edges: Sequence[datetime] = ()) -> ColumnElement[Any]:
    match by:
        case "all":
            return literal(0)
        case "bucket":
            return case(*((c.received_at < edge, number) for number, edge in enumerate(edges[1:])), else_=len(edges))
        case "group":
            return func.coalesce(Topic.group, NONE)
    columns: dict[str, ColumnElement[Any]] = {
        "unit": func.coalesce(c.department_id, NONE),
        "ward": func.coalesce(c.ward_code, NONE),
        "topic": func.coalesce(c.topic_slug, NONE),
        "channel": c.channel,
    }
    return columns[by]


def _of_topics(query: Select[Any], c: Columns, by: str) -> Select[Any]:
    return query.outerjoin(Topic, Topic.slug == c.topic_slug) if by == "group" else query


def listed(
    account: Account, scope: Scope, figure: str, now: datetime, after: tuple[datetime, UUID] | None, limit: int
) -> Select[Any]:
    """Return the tickets behind a figure that this account may read, the newest first, after that key."""
    c = TALLY.c
    beyond = true() if after is None else tuple_(c.received_at, c.ticket_id) < after
    return (
        select(Ticket)
        .join(TALLY, c.ticket_id == Ticket.id)
        .where(access.visible_to(account), within(c, scope), conditions(c, now)[figure], beyond)
        .order_by(c.received_at.desc(), c.ticket_id.desc())
        .limit(limit)
    )
