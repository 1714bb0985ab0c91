"""A department's list of tickets: what is in it, in which order, page by page, and how it stands.

What waits is read by bands, each of which one index gives in its order: emergencies by what is due first, then all else
by what is due first (so what is late stands before what is not), then what has no date. What is done is read newest
first. A page begins behind the key of the last row before it, so nothing is shown twice or left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import Session

from app import access, pagekey, search
from app.deadlines import is_paused
from app.problems import NotFound
from app.work.filters import EVERYTHING, ME, NOBODY, WAITING, Filter
from app.work.service import PAGE, SHOWN_WITH
from models.account import Account
from models.incident import Incident
from models.ticket import Deadline, Ticket
from models.vocabulary import Status, Urgency
from models.workflow import AWAITS_DEPARTMENT, DONE
from models.worklist import TicketMark

#: "Soon": due within a working day.
SOON: Final = timedelta(hours=24)
#: A queue is counted so far: beyond that it is told that there are more.
COUNTED: Final = 500
#: What a column of the board shows at first.
COLUMN: Final = 20


@dataclass(frozen=True)
class Page:
    """Part of a queue; `after` is the key of the next part, None at the end."""

    tickets: list[Ticket]
    after: str | None


@dataclass(frozen=True)
class Counts:
    """How a queue stands: tickets by their deadlines (paused is what waits for its citizen, whatever its date), and how
    many reports they are of. `more`: only the first `COUNTED` were looked at, which are those that are due first.
    """

    late: int
    soon: int
    ok: int
    paused: int
    reports: int
    more: bool = False

    @property
    def tickets(self) -> int:
        """How many things there are to do, each counted once however many report it."""
        return self.late + self.soon + self.ok + self.paused


@dataclass(frozen=True)
class Column:
    """One status of the board."""

    status: Status
    tickets: list[Ticket]
    more: bool


class Key(NamedTuple):
    """Where a row stands: in which band, at what time there, and its id."""

    band: str
    at: datetime
    ticket_id: UUID


@dataclass(frozen=True)
class Band:
    """Part of a list that has one order: by a time and the id, forwards or backwards."""

    name: str
    condition: ColumnElement[bool]
    column: ColumnElement[Any]
    newest_first: bool = False

    def beyond(self, key: Key) -> ColumnElement[bool]:
        """Return the condition for what comes behind a row of this band."""
        mine, last = tuple_(self.column, Ticket.id), (key.at, key.ticket_id)
        return mine < last if self.newest_first else mine > last

    @property
    def order(self) -> Sequence[ColumnElement[Any]]:
        """Return what it is ordered by."""
        keys = (self.column, Ticket.id.expression)
        return [key.desc() for key in keys] if self.newest_first else keys


def waiting() -> ColumnElement[bool]:
    """Return the condition that somebody in a department has to act, as the indexes of what waits say it."""
    return _any_of(sorted(AWAITS_DEPARTMENT))


def _any_of(statuses: Sequence[Status]) -> ColumnElement[bool]:
    # Written into the statement: a database uses a partial index only where it sees that the condition is its own.
    return Ticket.status.in_(bindparam("statuses", statuses, expanding=True, literal_execute=True, unique=True))


def _urgency_is(urgency: Urgency) -> ColumnElement[bool]:
    return Ticket.urgency == bindparam("urgency", urgency, type_=Ticket.urgency.type, literal_execute=True, unique=True)


def _bands(wanted: Filter) -> list[Band]:
    if wanted.of_what_is_done:
        return [Band("done", _any_of(sorted(DONE)), Ticket.received_at.expression, newest_first=True)]
    due = Ticket.resolve_due_at.expression
    dire = _urgency_is(Urgency.EMERGENCY)
    return [
        Band("0", and_(waiting(), dire, due.is_not(None)), due),
        Band("1", and_(waiting(), ~dire, due.is_not(None)), due),
        Band("none", and_(waiting(), due.is_(None)), Ticket.received_at.expression),
    ]


def _conditions(session: Session, account: Account, wanted: Filter, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what a ticket must meet to be in this person's list, apart from where it stands."""
    yield access.queued_for(account)
    if wanted.status in set(AWAITS_DEPARTMENT):
        yield Ticket.status == Status(wanted.status)
    if wanted.topic:
        yield Ticket.topic_slug == wanted.topic
    if wanted.ward:
        yield Ticket.ward_code == wanted.ward
    if wanted.person == NOBODY:
        yield Ticket.assignee_id.is_(None)
    elif wanted.person:
        yield Ticket.assignee_id == (account.id if wanted.person == ME else UUID(wanted.person))
    if wanted.late:
        yield and_(Ticket.resolve_due_at < now, ~_paused())
    if wanted.urgent:
        yield Ticket.urgency != Urgency.NORMAL
    if wanted.later:
        mine = and_(TicketMark.ticket_id == Ticket.id, TicketMark.account_id == account.id)
        yield exists().where(mine).correlate(Ticket)
    if wanted.q:
        yield search.found_by(session, wanted.q)


def page(
    session: Session,
    account: Account,
    now: datetime,
    after: str | None = None,
    wanted: Filter = EVERYTHING,
    *,
    size: int = PAGE,
) -> Page:
    """Return tickets a department has to act on: emergencies first, then by what is due first (so overdue on top).

    Coordinators and auditors see every department's. `after` is the `Page.after` of the page before; raises `NotFound`
    for one that we never gave.
    """
    bands, key = _bands(wanted), _read_key(after)
    names = [band.name for band in bands]
    if key is not None and key.band not in names:
        raise NotFound
    conditions = list(_conditions(session, account, wanted, now))
    found: list[tuple[Band, Ticket]] = []
    for band in bands[names.index(key.band) if key else 0 :]:
        behind = band.beyond(key) if key is not None and key.band == band.name else true()
        query = select(Ticket).where(*conditions, band.condition, behind).order_by(*band.order)
        rows = session.scalars(query.options(*SHOWN_WITH).limit(size + 1 - len(found)))
        found += [(band, ticket) for ticket in rows]
        if len(found) > size:
            break
    more = _write_key(*found[size - 1]) if len(found) > size else None
    return Page([ticket for _, ticket in found[:size]], more)


def size(session: Session, account: Account, wanted: Filter, now: datetime, *, most: int) -> int:
    """Return how many tickets a list has; of more than `most` only that there are more."""
    stands = or_(*(band.condition for band in _bands(wanted)))
    found = select(Ticket.id).where(*_conditions(session, account, wanted, now), stands).limit(most + 1)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def board(session: Session, account: Account, wanted: Filter, now: datetime) -> list[Column]:
    """Return what waits as columns by status, in the order in which tickets move through them."""
    columns = []
    for status in (Status.ROUTED, Status.REOPENED, Status.IN_PROGRESS, Status.INFO_REQUESTED):
        found = Page([], None)
        if wanted.status in {WAITING, status.value}:
            found = page(session, account, now, None, replace(wanted, status=status.value), size=COLUMN)
        columns.append(Column(status, found.tickets, found.after is not None))
    return columns


def _paused() -> ColumnElement[bool]:
    """Return the condition that a clock stands still, which is only while a citizen is asked."""
    return and_(Ticket.status == Status.INFO_REQUESTED, is_paused())


def counts(session: Session, account: Account, now: datetime) -> Counts:
    """Count a queue by how its deadlines stand; of a very long one, what is due first."""
    first = (
        select(Ticket.id, Ticket.status, Ticket.resolve_due_at.label("due_at"), Ticket.incident_id)
        .where(access.queued_for(account), waiting())
        .order_by(Ticket.resolve_due_at.nulls_last())  # SQLite would have them first
        .limit(COUNTED + 1)
        .subquery()
    )
    stands_still = exists().where(Deadline.ticket_id == first.c.id, Deadline.paused_at.is_not(None))
    asked = and_(first.c.status == Status.INFO_REQUESTED, stands_still)  # a clock stands still only then
    each = (
        select(first.c.due_at, case((asked, 1), else_=0).label("paused"), func.coalesce(Incident.reports, 1).label("n"))
        .outerjoin(Incident, Incident.id == first.c.incident_id)
        .subquery()
    )
    runs = each.c.paused == 0
    late = func.count(case((and_(runs, each.c.due_at < now), 1)))
    soon = func.count(case((and_(runs, each.c.due_at.between(now, now + SOON)), 1)))
    paused = func.coalesce(func.sum(each.c.paused), 0)
    row = session.execute(select(func.count(), late, soon, paused, func.coalesce(func.sum(each.c.n), 0))).one()
    return Counts(
        late=row[1],
        soon=row[2],
        ok=row[0] - row[1] - row[2] - row[3],
        paused=row[3],
        reports=row[4],
        more=row[0] > COUNTED,
    )


def _write_key(band: Band, ticket: Ticket) -> str:
    at: datetime = getattr(ticket, str(band.column.key))
    return f"{band.name}_{at.isoformat()}_{ticket.id.hex}"


def _read_key(after: str | None) -> Key | None:
    """Return the key of the last row that was shown; raise `NotFound` for one that we never gave."""
    if not after:
        return None
    try:
        band, at, ticket_id = after.split("_")
        return Key(band, pagekey.moment(at), UUID(ticket_id))
    except ValueError:
        raise NotFound from None
