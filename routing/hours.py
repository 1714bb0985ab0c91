"""When a unit is open: its own hours where it has some, else the city's.

Written as `mon-fri 07:30-11:30, 13:00-17:00; sat 07:30-11:30`, or `24/7`. Days may be Vietnamese too (T2-T7, CN), and
times like 7h30: it is the same line in the city's files, in the administrators' form and in the database.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from routing.calendar import WEEKDAYS, WorkingCalendar

ALWAYS: Final = "24/7"
#: Characters of the longest line; a week of three stretches a day has fewer.
LONGEST: Final = 300
_DAY: Final = 24 * 60
_NAMES: Final = {
    "en": WEEKDAYS,
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
}
_NUMBERS: Final = {name.lower(): number for names in _NAMES.values() for number, name in enumerate(names)}
_RANGE: Final = re.compile(r"\s*[-–—]\s*")
_CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2})|h(\d{2})?)")
#: A unit that opens on no day of so many is not said to open again.
_AHEAD: Final = 21

Stretch = tuple[int, int]


class UnreadableHours(ValueError):
    """A line of opening hours that cannot be meant; the message says which part."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The stretches of each weekday, Monday first, in minutes after midnight; `always` is day and night."""

    days: tuple[tuple[Stretch, ...], ...]

    @property
    def always(self) -> bool:
        """Whether the unit never closes, not on holidays either."""
        return all(day == ((0, _DAY),) for day in self.days)

    def written(self, language: str = "en") -> str:
        """Return the line that `read_hours` reads as this, with the days as a language names them."""
        if self.always:
            return ALWAYS
        names, parts, done = _NAMES[language], [], set[int]()
        for number, stretches in enumerate(self.days):
            if not stretches or number in done:
                continue
            same = [other for other in range(7) if self.days[other] == stretches]
            done.update(same)
            parts.append(f"{_days(same, names)} {', '.join(f'{_clock(a)}-{_clock(b)}' for a, b in stretches)}")
        return "; ".join(parts)


def _days(numbers: list[int], names: tuple[str, ...]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(names[run[0]] if len(run) == 1 else f"{names[run[0]]}-{names[run[-1]]}" for run in runs)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def read_hours(line: str) -> OpeningHours:
    """Return what a line says; raise `UnreadableHours`."""
    words = [word for word in re.split(r"[\s,;]+", _RANGE.sub("-", line.strip().lower())) if word]
    if words == [ALWAYS]:
        return OpeningHours((((0, _DAY),),) * 7)
    days: list[list[Stretch]] = [[] for _ in range(7)]
    named: list[int] = []
    timed = True
    for word in words:
        if word.partition("-")[0] in _NUMBERS:
            named = [*([] if timed else named), *_named(word)]
            timed = False
        else:
            if not named:
                raise UnreadableHours(f"{word!r} stands before any day")
            for number in named:
                days[number].append(_stretch(word))
            timed = True
    if not timed or not any(days):
        raise UnreadableHours("days without times")
    for stretches in days:
        edges = [edge for stretch in stretches for edge in stretch]
        if any(later <= earlier for earlier, later in pairwise(edges)):
            raise UnreadableHours("times must be in order, without overlap")
    hours = OpeningHours(tuple(tuple(stretches) for stretches in days))
    if len(hours.written()) > LONGEST:
        raise UnreadableHours("too many times")
    return hours


def _named(word: str) -> list[int]:
    first, dash, last = word.partition("-")
    if not dash:
        return [_NUMBERS[first]]
    if last not in _NUMBERS or _NUMBERS[last] <= _NUMBERS[first]:
        raise UnreadableHours(f"{word!r} is not a row of days")
    return list(range(_NUMBERS[first], _NUMBERS[last] + 1))


def _stretch(word: str) -> Stretch:
    opens, dash, closes = word.partition("-")
    if not dash:
        raise UnreadableHours(f"{word!r} is neither a day nor times like 07:30-11:30")
    return _minutes(opens), _minutes(closes)


def _minutes(word: str) -> int:
    found = _CLOCK.fullmatch(word)
    minutes = int(found[1]) * 60 + int(found[2] or found[3] or 0) if found else _DAY + 1
    if found is None or minutes > _DAY or int(found[2] or found[3] or 0) > 59:
        raise UnreadableHours(f"{word!r} is no time of the day")
    return minutes


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a unit is open, and until when that stays so: None when it does not change within three weeks."""

    is_open: bool
    until: datetime | None


def opening(calendar: WorkingCalendar, hours: OpeningHours | None, at: datetime) -> Opening:
    """Return how a unit with these hours (None: the city's) stands at a moment; times in UTC."""
    if hours is not None and hours.always:
        return Opening(is_open=True, until=None)
    first = calendar.local_day(at)
    seen_to = datetime.combine(first + timedelta(days=_AHEAD), time(), calendar.zone).astimezone(UTC)
    coming: list[tuple[datetime, datetime]] = []
    for ahead in range(_AHEAD):
        for opens, closes in stretches_on(calendar, hours, first + timedelta(days=ahead)):
            over_midnight = bool(coming) and coming[-1][1] == opens
            coming.append((coming.pop()[0] if over_midnight else opens, closes))
    for opens, closes in coming:
        if at < opens:
            return Opening(is_open=False, until=opens)
        if at < closes:
            return Opening(is_open=True, until=closes if closes < seen_to else None)
    return Opening(is_open=False, until=None)


def stretches_on(calendar: WorkingCalendar, hours: OpeningHours | None, day: date) -> list[tuple[datetime, datetime]]:
    """Return when a unit is open on a day, in UTC.

    On a public holiday it is closed, unless it is always open; on a day that is worked to make up for one it keeps
    the hours of its first open weekday where it is closed otherwise.
    """
    if hours is None:
        return calendar.hours_on(day)
    if calendar.is_holiday(day) and not hours.always:
        return []
    stretches = hours.days[day.weekday()]
    if not stretches and calendar.is_working_day(day) and day.weekday() not in calendar.weekdays:
        stretches = next(filter(None, hours.days), ())
    midnight = datetime.combine(day, time(), calendar.zone)
    return [
        ((midnight + timedelta(minutes=a)).astimezone(UTC), (midnight + timedelta(minutes=b)).astimezone(UTC))
        for a, b in stretches
    ]
