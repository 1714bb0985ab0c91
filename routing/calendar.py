"""When public offices work: hours with a lunch break, a seed of public holidays, and the city's own corrections.

Source of facts: the city's `calendar.yaml`; the seed is the `holidays` package, which misses
days that are decided late.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.source import Block, Problems, read_yaml

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: No calendar has so few working days that the next one is further away than this.
_HORIZON: Final = 400
_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not as its weekday says, or that somebody has decided on: off or worked, why, and who says so.

    `source` is `seed` (the table of public holidays), `city` (the city's file) or `changed` (an administrator).
    """

    day: date
    working: bool
    why: str
    source: str


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days and hours of a city. `version` changes whenever an answer of this calendar could change.

    `overrides` decide before anything else; those in `changed` are not the city file's but were laid on top of it.
    """

    zone: ZoneInfo
    weekdays: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    seed: str | None
    overrides: dict[date, bool]
    reasons: dict[date, str]
    version: str
    changed: frozenset[date] = frozenset()
    _years: "dict[int, _Year]" = field(default_factory=dict, compare=False, repr=False)
    _next: dict[date, date] = field(default_factory=dict, compare=False, repr=False)

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices are open: the override first, then holidays and make-up days, then the weekday."""
        decided = self.overrides.get(day)
        if decided is not None:
            return decided
        seeded = self._seeded(day.year)
        return day in seeded.worked or (day.weekday() in self.weekdays and day not in seeded.off)

    def special_days(self, year: int) -> list[SpecialDay]:
        """Return the holidays, make-up days and overrides of a year, in order; an override hides what it overrides."""
        seeded = self._seeded(year)
        found = {day: SpecialDay(day, False, why, "seed") for day, why in seeded.off.items()}
        found |= {day: SpecialDay(day, True, "", "seed") for day in seeded.worked}
        for day, working in self.overrides.items():
            if day.year == year:
                source = "changed" if day in self.changed else "city"
                found[day] = SpecialDay(day, working, self.reasons.get(day, ""), source)
        return [found[day] for day in sorted(found)]

    def amended(self, changes: Mapping[date, tuple[bool, str]]) -> "WorkingCalendar":
        """Return this calendar with days decided on top of it: day → (worked, why)."""
        overrides = self.overrides | {day: working for day, (working, _) in changes.items()}
        return replace(
            self,
            overrides=overrides,
            reasons=self.reasons | {day: why for day, (_, why) in changes.items()},
            version=_version(self.zone, self.weekdays, self.hours, self.seed, overrides),
            changed=frozenset(changes),
            _next={},
        )

    def closing(self, day: date) -> datetime:
        """Return (in UTC) when offices close on a day, or would if it were worked."""
        return self._at(day, self.hours[-1][1])

    def is_holiday(self, day: date) -> bool:
        """Tell whether a day is off by name, as against one on which nobody works anyway."""
        return not self.is_working_day(day) and (day in self.overrides or day in self._seeded(day.year).off)

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
        return self.closing(day)

    def local_day(self, at: datetime) -> date:
        """Return the date on the city's clocks."""
        return at.astimezone(self.zone).date()

    def _at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def _seeded(self, year: int) -> "_Year":
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = _seed(self.seed, year)
        return known


@dataclass(frozen=True, slots=True)
class _Year:
    """Days off with their names, and make-up working days."""

    off: dict[date, str]
    worked: frozenset[date]


def _seed(country: str | None, year: int) -> _Year:
    """Return the days off and the make-up working days of a year as the `holidays` package knows them."""
    if country is None:
        return _Year({}, frozenset())
    import holidays  # noqa: PLC0415 (imported when first needed, so that importing this package stays light)

    # the names would otherwise depend on the machine's own language
    table = holidays.country_holidays(country, years=year, language="vi")
    worked = frozenset(day for day in table.weekend_workdays if day.year == year)
    return _Year({day: str(name) for day, name in table.items()}, worked)


def read_calendar(folder: Path, problems: Problems) -> WorkingCalendar:
    """Read `calendar.yaml`; after a problem the calendar is a plain week, which nobody gets to use."""
    page = read_yaml(folder, "calendar.yaml", problems)
    page.only("timezone", "weekdays", "hours", "seed", "overrides")
    zone = _zone(page)
    weekdays = _weekdays(page)
    hours = _hours(page)
    seed = _country(page)
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


def _country(page: Block) -> str | None:
    """Return whose holidays are the seed; one that the package does not know would fail with the first deadline."""
    written = page.text_or_none("seed")
    if written is None:
        return None
    from holidays.registry import COUNTRIES  # noqa: PLC0415 (as above)

    if written in {code for _class, *codes in COUNTRIES.values() for code in codes}:
        return written
    page.wrong(f"seed {written!r} is the code of no country that the holidays package knows")
    return None


def _zone(page: Block) -> ZoneInfo:
    name = page.text("timezone") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones, such as Asia, is no file
        page.wrong(f"time zone {name!r} is not known on this machine")
        return ZoneInfo("UTC")


def _weekdays(page: Block) -> frozenset[int]:
    written = page.texts("weekdays")
    if not written or set(written) - set(WEEKDAYS):
        page.wrong(f"weekdays must be some of {', '.join(WEEKDAYS)}")
        return frozenset(range(5))
    return frozenset(WEEKDAYS.index(day) for day in written)


def _hours(page: Block) -> tuple[tuple[time, time], ...]:
    stretches: list[tuple[time, time]] = []
    for block in page.blocks("hours"):
        block.only("from", "to")
        opens, closes = _CLOCK.fullmatch(block.text("from")), _CLOCK.fullmatch(block.text("to"))
        if opens and closes:
            stretches.append((time.fromisoformat(opens[0]), time.fromisoformat(closes[0])))
        else:
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
