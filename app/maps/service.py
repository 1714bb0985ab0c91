"""Public figures as anybody may see them.

All filters are answered from one small table a period, which is read from the relay's counts at most once a minute
and process. Where a figure is made of fewer than `FEWEST` reports only that is said; what cannot be told from none is
not told.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.assignment import local_date
from app.hotline import Hotline
from app.maps.schema import Asked
from models.figure import DailyCount
from models.vocabulary import Outcome, topics

#: Of fewer reports no figure is given.
FEWEST: Final = 3
#: For so long a table is not read again, or for so much a day of its period where that is longer (a year: 12 minutes).
FRESH: Final = timedelta(seconds=60)
FRESH_A_DAY: Final = timedelta(seconds=2)

#: (topic, ward or None)
Place = tuple[str, str | None]


@dataclass
class Figure:
    """Numbers of some reports.

    `late`: open, and the day on which an answer was due is over. `promised`: answered, with a deadline; `in_time`: and
    within it. `days`: begun days until the answer, and how many had it in so many.
    """

    received: int = 0
    open: int = 0
    late: int = 0
    elsewhere: int = 0
    answered: int = 0
    in_time: int = 0
    promised: int = 0
    days: Counter[int] = field(default_factory=Counter)

    def take(self, other: "Figure") -> None:
        """Add other reports to these."""
        self.received += other.received
        self.open += other.open
        self.late += other.late
        self.elsewhere += other.elsewhere
        self.answered += other.answered
        self.in_time += other.in_time
        self.promised += other.promised
        self.days.update(other.days)

    @property
    def told(self) -> bool:
        """Whether there are enough reports for a figure."""
        return self.received >= FEWEST

    @property
    def on_time(self) -> float | None:
        """The share of those answered in time, of all that were answered or should have been; None for none of those.

        Answers to which no deadline was set count neither way.
        """
        due = self.promised + self.late
        return self.in_time / due if due else None

    @property
    def median_days(self) -> int | None:
        """In how many days, begun ones counted whole, half of the answers had come; None without answers."""
        half, so_far = sum(self.days.values()) / 2, 0
        for days in sorted(self.days):
            so_far += self.days[days]
            if so_far >= half:
                return days
        return None


@dataclass(frozen=True)
class Table:
    """What is known of a period: figures by topic and ward, each for every outcome."""

    first: date
    last: date
    read_at: datetime
    cells: Mapping[Place, Mapping[Outcome, Figure]]


@dataclass(frozen=True)
class Figures:
    """The answer to what was asked. Wards and topics of fewer than `FEWEST` reports are not in it by name.

    `rest` is what those wards, and the reports of which no ward is known, come to together; `rest_of_topics` likewise.
    """

    first: date
    last: date
    read_at: datetime
    total: Figure
    wards: Mapping[str, Figure]
    rest: Figure
    topics: Mapping[str, Figure]
    rest_of_topics: Figure


class PublicFigures:
    """Answers from tables that are kept for a minute or a few; one for each process."""

    def __init__(self, hotline: Hotline) -> None:
        """Read nothing yet."""
        self._hotline = hotline
        self._tables: dict[int, Table] = {}
        self._reading = threading.Lock()

    def of(self, asked: Asked) -> Figures:
        """Return the figures of what was asked for."""
        table = self._table(asked.days)
        found = {place: figure for place, figure in _chosen(table, asked) if figure.received}
        wards, rest = _told(_by(found, 1))
        told, rest_of_topics = _told(_by(found, 0))
        return Figures(table.first, table.last, table.read_at, _sum(found.values()), wards, rest, told, rest_of_topics)

    def cells(self, asked: Asked) -> list[tuple[str, str, Figure]]:
        """Return (topic, ward, figure) where there are enough reports of a topic in a ward, in their order."""
        found = ((topic, ward, figure) for (topic, ward), figure in _chosen(self._table(asked.days), asked))
        return sorted(((topic, ward, f) for topic, ward, f in found if ward and f.told), key=lambda cell: cell[:2])

    def _table(self, days: int) -> Table:
        with self._reading:
            now = self._hotline.now()
            table = self._tables.get(days)
            if table is None or not timedelta(0) <= now - table.read_at < max(FRESH, days * FRESH_A_DAY):
                with self._hotline.database.reading() as session:
                    table = self._tables[days] = _read(session, days, local_date(self._hotline, now), now)
            return table


def _read(session: Session, days: int, today: date, now: datetime) -> Table:
    first = today - timedelta(days=days - 1)
    late = DailyCount.due_on < today
    by = (DailyCount.topic_slug, DailyCount.ward_code, DailyCount.outcome, DailyCount.days, DailyCount.in_time, late)
    query = select(*by, func.sum(DailyCount.reports)).where(DailyCount.day >= first, DailyCount.day <= today)
    shown = {topic.slug for topic in topics().values() if topic.on_map}
    cells: dict[Place, dict[Outcome, Figure]] = {}
    for topic, ward, outcome, took, in_time, is_late, n in session.execute(query.group_by(*by)):
        if topic in shown:
            figure = cells.setdefault((topic, ward), {}).setdefault(outcome, Figure())
            figure.take(_figure(outcome, int(n), took, in_time=in_time, late=bool(is_late)))
    return Table(first, today, now, cells)


def _figure(outcome: Outcome, n: int, took: int | None, *, in_time: bool | None, late: bool) -> Figure:
    """Return the figure of some reports that stand alike."""
    match outcome:
        case Outcome.OPEN:
            return Figure(n, open=n, late=n if late else 0)
        case Outcome.ELSEWHERE:
            return Figure(n, elsewhere=n)
        case Outcome.ANSWERED:
            days = Counter({took: n} if took is not None else {})
            return Figure(n, answered=n, promised=0 if in_time is None else n, in_time=n if in_time else 0, days=days)


def _chosen(table: Table, asked: Asked) -> Iterable[tuple[Place, Figure]]:
    for place, outcomes in table.cells.items():
        topic, ward = place
        if asked.group in {None, topics()[topic].group} and asked.ward in {None, ward}:
            yield place, _sum(figure for outcome, figure in outcomes.items() if asked.status in {None, outcome})


def _by(found: Mapping[Place, Figure], part: int) -> dict[str | None, Figure]:
    summed: dict[str | None, Figure] = {}
    for place, figure in found.items():
        summed.setdefault(place[part], Figure()).take(figure)
    return summed


def _sum(figures: Iterable[Figure]) -> Figure:
    total = Figure()
    for figure in figures:
        total.take(figure)
    return total


def _told(figures: Mapping[str | None, Figure]) -> tuple[dict[str, Figure], Figure]:
    """Return the figures that may be given by name, the greatest first, and the sum of the others."""
    named = [(name, figure) for name, figure in figures.items() if name is not None and figure.told]
    others = _sum(figure for name, figure in figures.items() if name is None or not figure.told)
    return dict(sorted(named, key=lambda pair: (-pair[1].received, pair[0]))), others
