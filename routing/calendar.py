"""When public offices work: hours with a lunch break, a seed of public holidays, and the city's own corrections.

Source of facts: the city's `calendar.yaml`; the seed is the `holidays` package, which misses
days that are decided late.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.source import Block, Problems, read_yaml

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: No calendar has so few working days that the next one is further away than this.
_HORIZON: Final = 400


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days and hours of a city. `version` changes whenever an answer of this calendar could change."""

    zone: ZoneInfo
    weekdays: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    seed: str | None
    overrides: dict[date, bool]
    reasons: dict[date, str]
    version: str
    _years: dict[int, tuple[frozenset[date], frozenset[date]]] = field(default_factory=dict, compare=False, repr=False)
    _next: dict[date, date] = field(default_factory=dict, compare=False, repr=False)

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices are open: the override first, then holidays and make-up days, then the weekday."""
        decided = self.overrides.get(day)
        if decided is not None:
            return decided
        off, worked = self._seeded(day.year)
        return day in worked or (day.weekday() in self.weekdays and day not in off)

    def is_holiday(self, day: date) -> bool:
        """Tell whether a day is off by name, as against one on which nobody works anyway."""
        return not self.is_working_day(day) and (day in self.overrides or day in self._seeded(day.year)[0])

    def hours_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the stretches of working time of a day, in UTC; none when it is not a working day."""
        if not self.is_working_day(day):
            return []
        return [(self._at(day, opens), self._at(day, closes)) for opens, closes in self.hours]

    def next_working_day(self, day: date) -> date:
        """Return the first working day after this one."""
        known = self._next.get(day)
        if known is None:
            known = self._next[day] = self._find_next(day)
        return known

    def _find_next(self, day: date) -> date:
        for ahead in range(1, _HORIZON):
            after = day + timedelta(days=ahead)
            if self.is_working_day(after):
                return after
        raise ValueError(f"the calendar has no working day in the {_HORIZON} days after {day}")

    def receipt_day(self, at: datetime) -> date:
        """Return the working day on which something counts as received: later than closing time is the next one."""
        local = at.astimezone(self.zone)
        day = local.date()
        if self.is_working_day(day) and local.time() < self.hours[-1][1]:
            return day
        return self.next_working_day(day)

    def end_of_working_day(self, at: datetime, n: int) -> datetime:
        """Return (in UTC) the end of working hours of the n-th working day after receipt.

        What arrives outside working hours counts as received at the start of the next working day (on a working day
        before opening: that same day), so a report of Saturday counts from Monday and n=1 is the end of Tuesday.
        """
        day = self.receipt_day(at)
        for _ in range(n):
            day = self.next_working_day(day)
        return self._at(day, self.hours[-1][1])

    def local_day(self, at: datetime) -> date:
        """Return the date on the city's clocks."""
        return at.astimezone(self.zone).date()

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def _seeded(self, year: int) -> tuple[frozenset[date], frozenset[date]]:
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = _seed(self.seed, year)
        return known


def _seed(country: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Return the days off and the make-up working days of a year as the `holidays` package knows them."""
    if country is None:
        return frozenset(), frozenset()
    import holidays  # noqa: PLC0415 (imported when first needed, so that importing this package stays light)

    table = holidays.country_holidays(country, years=year)
    worked = frozenset(day for day in table.weekend_workdays if day.year == year)
    return frozenset(table), worked


def read_calendar(folder: Path, problems: Problems) -> WorkingCalendar:
    """Read `calendar.yaml`; after a problem the calendar is a plain week, which nobody gets to use."""
    page = read_yaml(folder, "calendar.yaml", problems)
    page.only("timezone", "weekdays", "hours", "seed", "overrides")
    zone = _zone(page)
    weekdays = _weekdays(page)
    hours = _hours(page)
    seed = page.text_or_none("seed")
    overrides: dict[date, bool] = {}
    reasons: dict[date, str] = {}
    for block in page.blocks("overrides"):
        block.only("date", "working", "because")
        day = block.day("date")
        if day is None:
            block.wrong("an override needs a date")
        elif day in overrides:
            block.wrong(f"{day} is there twice")
        else:
            overrides[day], reasons[day] = block.truth("working"), block.text("because")
    version = _version(zone, weekdays, hours, seed, overrides)
    return WorkingCalendar(zone, weekdays, hours, seed, overrides, reasons, version)


def _zone(page: Block) -> ZoneInfo:
    name = page.text("timezone") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        page.wrong(f"time zone {name!r} is not known on this machine")
        return ZoneInfo("UTC")


def _weekdays(page: Block) -> frozenset[int]:
    written = page.texts("weekdays")
    if not written or set(written) - set(_WEEKDAYS):
        page.wrong(f"weekdays must be some of {', '.join(_WEEKDAYS)}")
        return frozenset(range(5))
    return frozenset(_WEEKDAYS.index(day) for day in written)


def _hours(page: Block) -> tuple[tuple[time, time], ...]:
    stretches: list[tuple[time, time]] = []
    for block in page.blocks("hours"):
        block.only("from", "to")
        try:
            stretches.append((time.fromisoformat(block.text("from")), time.fromisoformat(block.text("to"))))
        except ValueError:
            block.wrong('hours must look like {from: "07:30", to: "11:30"}')
    edges = [edge for stretch in stretches for edge in stretch]
    if not stretches or any(later <= earlier for earlier, later in pairwise(edges)):
        page.wrong("hours must be given, in order, without overlap")
        return ((time(8), time(17)),)
    return tuple(stretches)


def _version(
    zone: ZoneInfo,
    weekdays: frozenset[int],
    hours: tuple[tuple[time, time], ...],
    seed: str | None,
    overrides: dict[date, bool],
) -> str:
    """Return a digest of all that the calendar's answers depend on, the package's version included."""
    from importlib.metadata import version  # noqa: PLC0415 (as above)

    release = version("holidays") if seed else "none"
    said = repr((str(zone), sorted(weekdays), hours, seed, release, sorted(overrides.items())))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
