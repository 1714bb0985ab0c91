"""What the board shows, to whom. Page, screen on the wall, API, PDF and spreadsheet all ask here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from app import access, pagekey
from app.board import figures, tallies
from app.board.definitions import BY_NAME
from app.board.figures import NONE, TALLY, Counts, Scope
from app.board.schema import TIMES, Asked, cut, earlier, edges, row_of_periods, usual_step
from app.hotline import Hotline
from app.problems import NotFound
from app.returns.schema import Period
from app.work.service import SHOWN_WITH
from models.account import Account
from models.board import ReportExport
from models.ticket import Ticket
from models.vocabulary import ExportForm

#: A unit of which fewer tickets are decided (in time or late) has no rank; an average of fewer ratings is marked.
FEW: Final = 10
FEW_STARS: Final = 5
HOT_SPOTS: Final = 12
PAGE: Final = 50
EXPORTS: Final = 10


@dataclass(frozen=True)
class Line:
    """What is counted of one unit, ward, topic, channel or part of the period, and of the same one period earlier.

    `key` is `NONE` for "of none"; for a part of the period it is the number of `parts`' member.
    """

    key: Any
    counts: Counts
    before: Counts


@dataclass(frozen=True)
class Ranked:
    """A unit's place; None: too few of its tickets are decided to rank it."""

    rank: int | None
    unit: str
    counts: Counts


@dataclass(frozen=True)
class HotSpot:
    """A topic in a ward: how many reports of it the period has, how many are open, how many it had before."""

    ward: str
    topic: str
    received: int
    open: int
    before: int


@dataclass(frozen=True)
class InWard:
    """How many reports of a ward the period has, and how many of them are open."""

    ward: str
    received: int
    open: int


@dataclass(frozen=True)
class Board:
    """Everything a leader looks at on one page. `row` are periods of the same length, the one asked for last.

    `pending` is to how many tickets something happened that is not in here yet.
    """

    asked: Asked
    only_unit: str | None
    now: datetime
    periods: list[Period]
    row: list[Counts]
    lines: list[Line]
    parts: list[Period]
    trend: list[Counts]
    ranking: list[Ranked] | None
    hot_spots: list[HotSpot]
    wards: list[InWard]
    pending: int

    @property
    def total(self) -> Counts:
        """The period's own figures."""
        return self.row[-1]

    @property
    def before(self) -> Counts:
        """Those of the period before."""
        return self.row[-2]


def board(hotline: Hotline, session: Session, account: Account, asked: Asked) -> Board:
    """Return what this account may see of what it asks for; raise `NotFound` for what is not theirs to see."""
    scope, now, zone = _scope(hotline, account, asked), hotline.now(), hotline.files.calendar.zone
    only_unit = access.only_unit(account)
    periods = row_of_periods(asked.period)
    parts = cut(asked.period, asked.by if asked.by in TIMES else usual_step(asked.period))
    trend = in_row(session, scope, now, edges(parts, zone), spans=asked.by in TIMES)
    lines = by_time(trend) if asked.by in TIMES else _lines(session, scope, now, asked, zone)
    ranked = None if only_unit or scope.unit else rank(_by_unit(session, scope, now, asked, lines))
    return Board(
        asked, only_unit, now, periods, in_row(session, scope, now, edges(periods, zone)), lines, parts, trend, ranked,
        hot_spots(session, scope, _one_before(scope, asked, zone), now), in_wards(session, scope, now),
        tallies.pending(session),
    )  # fmt: skip


def _scope(hotline: Hotline, account: Account, asked: Asked) -> Scope:
    only_unit = access.only_unit(account)
    if only_unit is not None and asked.given.get("unit", only_unit) != only_unit:
        raise NotFound
    return asked.scope(hotline.files.calendar.zone, only_unit)


def in_row(
    session: Session, scope: Scope, now: datetime, between: list[datetime], *, spans: bool = True
) -> list[Counts]:
    """Return the figures of periods that follow on each other, between these instants."""
    whole = replace(scope, begins=between[0], ends=between[-1])
    found = figures.counted(session, TALLY, whole, now, "bucket", edges=between, spans=spans)
    return [found.get(number, Counts()) for number in range(len(between) - 1)]


def by_time(trend: list[Counts]) -> list[Line]:
    """Return parts of the period as lines; what was before each is the part before it."""
    return [Line(number, one, trend[number - 1] if number else Counts()) for number, one in enumerate(trend)]


def _lines(session: Session, scope: Scope, now: datetime, asked: Asked, zone: tzinfo) -> list[Line]:
    found = figures.counted(session, TALLY, scope, now, asked.by)
    before = figures.counted(session, TALLY, _one_before(scope, asked, zone), now, asked.by, spans=False)
    lines = [Line(key, found.get(key, Counts()), before.get(key, Counts())) for key in {**before, **found}]
    return sorted(lines, key=lambda line: (-line.counts.received, -line.before.received, str(line.key)))


def _one_before(scope: Scope, asked: Asked, zone: tzinfo) -> Scope:
    begins, ends = earlier(asked.period).instants(zone)
    return replace(scope, begins=begins, ends=ends)


def _by_unit(session: Session, scope: Scope, now: datetime, asked: Asked, lines: list[Line]) -> Mapping[str, Counts]:
    if asked.by == "unit":
        return {line.key: line.counts for line in lines}
    return figures.counted(session, TALLY, scope, now, "unit", spans=False)


def rank(units: Mapping[str, Counts]) -> list[Ranked]:
    """Rank units by their on-time rate, the best first; the same rate is the same rank, too few tickets none."""
    known = {unit: counts for unit, counts in units.items() if unit != NONE and counts.received}
    enough = sorted(
        ((unit, counts) for unit, counts in known.items() if counts.decided >= FEW),
        key=lambda pair: (-(pair[1].on_time_rate or 0.0), -pair[1].decided, pair[0]),
    )
    ranked, place = [], 1
    for _rate, same in groupby(enough, key=lambda pair: pair[1].on_time_rate):
        together = list(same)
        ranked += [Ranked(place, unit, counts) for unit, counts in together]
        place += len(together)
    few = [Ranked(None, unit, counts) for unit, counts in known.items() if counts.decided < FEW]
    return ranked + sorted(few, key=lambda one: (-one.counts.received, one.unit))


def hot_spots(session: Session, scope: Scope, before: Scope, now: datetime, limit: int = HOT_SPOTS) -> list[HotSpot]:
    """Return topics in wards of which most was reported, the most first."""
    c = TALLY.c
    where = c.ward_code, c.topic_slug
    still = func.count().filter(figures.conditions(c, now)["open"])
    known = c.ward_code.is_not(None), c.topic_slug.is_not(None)
    most = (
        select(*where, func.count().label("n"), still.label("open"))
        .where(figures.within(c, scope), *known)
        .group_by(*where)
        .order_by(func.count().desc(), *where)
        .limit(limit)
    )
    found = session.execute(most).all()
    wards = {row.ward_code for row in found}
    past = select(*where, func.count()).where(figures.within(c, before), c.ward_code.in_(wards)).group_by(*where)
    had = {(ward, topic): n for ward, topic, n in session.execute(past)}
    return [
        HotSpot(row.ward_code, row.topic_slug, row.n, row.open, had.get((row.ward_code, row.topic_slug), 0))
        for row in found
    ]


def in_wards(session: Session, scope: Scope, now: datetime) -> list[InWard]:
    """Return how much was reported in each ward, the most first."""
    c = TALLY.c
    still = func.count().filter(figures.conditions(c, now)["open"])
    counts = select(c.ward_code, func.count(), still).where(figures.within(c, scope), c.ward_code.is_not(None))
    most = counts.group_by(c.ward_code).order_by(func.count().desc(), c.ward_code)
    return [InWard(*row) for row in session.execute(most)]


@dataclass(frozen=True)
class Behind:
    """Part of the tickets behind a figure; `after` is the key of the next part, None at the end."""

    tickets: list[Ticket]
    after: str | None


def behind(
    hotline: Hotline, session: Session, account: Account, asked: Asked, figure: str, after: str | None = None
) -> Behind:
    """Return the tickets that a figure counts; raise `NotFound` for no figure, and for an `after` we never gave."""
    if figure not in BY_NAME:
        raise NotFound
    scope = _scope(hotline, account, asked)
    query = figures.listed(account, scope, figure, hotline.now(), pagekey.read(after), PAGE + 1)
    rows = session.scalars(query.options(*SHOWN_WITH)).all()
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Behind(list(rows[:PAGE]), pagekey.write(last.received_at, last.id) if last else None)


def note_export(session: Session, account: Account, asked: Asked, form: ExportForm, now: datetime) -> None:
    """Remember who took which report away, and when."""
    unit = access.only_unit(account) or asked.given.get("unit")
    named = None if unit == NONE else unit
    session.add(
        ReportExport(
            account_id=account.id, at=now, form=form, first=asked.period.first, last=asked.period.last,
            department_id=named,
        )
    )  # fmt: skip


def exports(session: Session, account: Account) -> list[ReportExport]:
    """Return who took reports away last: one's own unit's leaders' for a supervisor, everybody's for the others."""
    unit = access.only_unit(account)
    latest = select(ReportExport).join(ReportExport.account).order_by(ReportExport.id.desc()).limit(EXPORTS)
    if unit is not None:
        latest = latest.where(Account.department_id == unit)
    return list(session.scalars(latest.options(contains_eager(ReportExport.account))))
