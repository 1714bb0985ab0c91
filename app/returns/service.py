"""Returns counted by what sent the tickets there, so that rules can be mended. No words, no names, nothing sealed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, and_, case, func, select, true, tuple_
from sqlalchemy.orm import Session

from app import access
from app.hotline import Hotline
from app.problems import NotFound
from app.returns.schema import Period
from models.account import Account
from models.returning import TicketReturn
from models.ticket import Assignment, Ticket
from models.vocabulary import Role, Status

PAGE: Final = 50
READERS: Final = frozenset({Role.COORDINATOR, Role.SUPERVISOR, Role.AUDITOR})
#: So many returns of one kind are no accident any more, so many kinds are shown on top, and so many tickets of each.
GROUP_MIN: Final = 3
GROUPS_MAX: Final = 5
LINKS_MAX: Final = 20
#: A unit that has taken a ticket up, or answered it, is where the ticket ended.
SETTLED_IN: Final = frozenset(
    {Status.IN_PROGRESS, Status.INFO_REQUESTED, Status.ANSWERED, Status.CLOSED, Status.REOPENED}
)
_KEY_PARTS: Final = 6


@dataclass(frozen=True)
class Line:
    """Returns of one kind: of a topic, by a rule, from a unit, for a reason, to where it ended or was proposed.

    `n` of the `routed` assignments of that topic, rule and unit that began in the period came back; "" is not known.
    """

    topic: str
    rule: str
    unit: str
    kind: str
    reason: str
    to: str
    n: int
    routed: int

    @property
    def share(self) -> float:
        """Part of what was routed there, between 0 and 1."""
        return self.n / self.routed


@dataclass(frozen=True)
class Group:
    """Returns of one topic, rule, unit and reason that are too many for chance, with the latest of their tickets."""

    topic: str
    rule: str
    unit: str
    reason: str
    n: int
    tickets: tuple[tuple[UUID, datetime], ...]


@dataclass(frozen=True)
class Report:
    """Part of the table; `after` is the key of the next part, None at the end. Groups are on the first part alone."""

    lines: list[Line]
    groups: list[Group]
    after: str | None


def report(hotline: Hotline, session: Session, account: Account, period: Period, after: str | None = None) -> Report:
    """Return what came back of what was routed in the period; a supervisor sees what the own unit gave back.

    Raises `NotFound` for other roles, and for an `after` that we never gave.
    """
    if account.role not in READERS:
        raise NotFound
    sent = _sent(hotline, account, period)
    lines, more = _lines(session, sent, _read_key(after))
    groups = _groups(session, account, sent) if not after else []
    return Report(lines, groups, _write_key(lines[-1]) if more else None)


def _sent(hotline: Hotline, account: Account, period: Period) -> CTE:
    """Return every assignment that began in the period, with its return if there was one."""
    begins, ends = period.instants(hotline.files.calendar.zone)
    own = Assignment.department_id == account.department_id if account.role is Role.SUPERVISOR else true()
    ended = and_(Ticket.status.in_(SETTLED_IN), Ticket.department_id.is_not(None))
    return (
        select(
            Ticket.id.label("ticket_id"),
            Assignment.id.label("assignment_id"),
            func.coalesce(TicketReturn.topic_slug, Ticket.topic_slug, "").label("topic"),
            func.coalesce(Assignment.rule_id, "").label("rule"),
            Assignment.department_id.label("unit"),
            Assignment.kind.label("kind"),
            TicketReturn.reason_code.label("reason"),
            TicketReturn.at.label("at"),
            case((ended, Ticket.department_id), else_=func.coalesce(TicketReturn.proposed_id, "")).label("to"),
        )
        .select_from(Assignment)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .outerjoin(TicketReturn, TicketReturn.assignment_id == Assignment.id)
        .where(access.COUNTED, Assignment.assigned_at >= begins, Assignment.assigned_at < ends, own)
        .cte("sent")
    )


def _lines(session: Session, sent: CTE, last: tuple[Any, ...] | None) -> tuple[list[Line], bool]:
    way = (sent.c.topic, sent.c.rule, sent.c.unit, sent.c.kind)
    routed = select(*way, func.count().label("routed")).group_by(*way).subquery("routed")
    back = (
        select(*way, sent.c.reason, sent.c.to, func.count().label("n"))
        .where(sent.c.reason.is_not(None))
        .group_by(*way, sent.c.reason, sent.c.to)
        .subquery("back")
    )
    same = [back.c[name] == routed.c[name] for name in ("topic", "rule", "unit", "kind")]
    key = (-back.c.n, back.c.topic, back.c.rule, back.c.unit, back.c.kind, back.c.reason, back.c.to)
    rows = session.execute(
        select(back, routed.c.routed).join(routed, and_(*same)).where(_beyond(key, last)).order_by(*key).limit(PAGE + 1)
    ).all()
    found = [Line(r.topic, r.rule, r.unit, r.kind.value, r.reason, r.to, r.n, r.routed) for r in rows[:PAGE]]
    return found, len(rows) > PAGE


def _beyond(key: tuple[Any, ...], last: tuple[Any, ...] | None) -> ColumnElement[bool]:
    return true() if last is None else tuple_(*key) > tuple_(*last)


def _groups(session: Session, account: Account, sent: CTE) -> list[Group]:
    of = (sent.c.topic, sent.c.rule, sent.c.unit, sent.c.kind, sent.c.reason)
    many = session.execute(
        select(*of, func.count().label("n"))
        .where(sent.c.reason.is_not(None))
        .group_by(*of)
        .having(func.count() >= GROUP_MIN)
        .order_by(func.count().desc(), *of)
        .limit(GROUPS_MAX)
    ).all()
    return [
        Group(row.topic, row.rule, row.unit, row.reason, row.n, _tickets(session, account, sent, row)) for row in many
    ]


def _tickets(session: Session, account: Account, sent: CTE, of: Any) -> tuple[tuple[UUID, datetime], ...]:
    """Return the latest tickets of a group that this account may open; a unit cannot open what it gave away."""
    names = ("topic", "rule", "unit", "kind", "reason")
    query = (
        select(Ticket.id, sent.c.at)
        .join(sent, sent.c.ticket_id == Ticket.id)
        .where(access.visible_to(account), *(sent.c[name] == getattr(of, name) for name in names))
        .order_by(sent.c.at.desc(), sent.c.assignment_id.desc())
        .limit(LINKS_MAX)
    )
    return tuple((row[0], row[1]) for row in session.execute(query))


def _write_key(line: Line) -> str:
    return "~".join((str(line.n), line.topic, line.rule, line.unit, line.kind, line.reason, line.to))


def _read_key(after: str | None) -> tuple[Any, ...] | None:
    """Return the key of the last line that was shown; raise `NotFound` for one that we never gave."""
    if not after:
        return None
    n, *rest = after.split("~")
    if len(rest) != _KEY_PARTS or not (n.isascii() and n.isdigit() and len(n) < 10) or not after.isprintable():
        raise NotFound
    return (-int(n), *rest)
