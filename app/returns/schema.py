"""The period that the report on returns is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from app.problems import Problem, Refused
from app.units.schema import read_day

#: Days that are shown unless somebody asks for others.
USUAL: Final = timedelta(days=90)


@dataclass(frozen=True)
class Period:
    """Days of the city, first and last included."""

    first: date
    last: date

    def instants(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return where the period begins and where it is over, in UTC."""
        begins = datetime.combine(self.first, datetime.min.time(), zone)
        ends = datetime.combine(self.last + timedelta(days=1), datetime.min.time(), zone)
        return begins.astimezone(UTC), ends.astimezone(UTC)


def parse_period(asked: Mapping[str, str], today: date) -> Period:
    """Return the period of `from` and `to` (both may be missing); raises `Refused` naming each that is no day."""
    problems: list[Problem] = []
    last = _day(asked.get("to", ""), today, "to", problems)
    first = _day(asked.get("from", ""), last - USUAL if last - date.min > USUAL else last, "from", problems)
    if not problems and first > last:
        problems.append(Problem("to", "ends_before"))
    if problems:
        raise Refused(problems)
    return Period(first, last)


def _day(typed: str, otherwise: date, field: str, problems: list[Problem]) -> date:
    if not typed.strip():
        return otherwise
    found = read_day(typed)
    if found is None or not date(1900, 1, 1) <= found <= date(9000, 1, 1):
        problems.append(Problem(field, "not_a_day"))
        return otherwise
    return found
