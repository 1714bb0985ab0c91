"""What a leader asks for: a period, what to group by, and of which tickets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import count, takewhile
from typing import Any, Final

from dateutil.relativedelta import relativedelta

from app.board.figures import NONE, Scope
from app.problems import Problem, Refused
from app.returns.schema import Period, parse_period
from models.vocabulary import Channel, topic_groups, topics
from routing.city import City

#: What figures are grouped by, in the order in which it is offered.
DIMENSIONS: Final = ("unit", "ward", "group", "topic", "channel", "day", "week", "month")
TIMES: Final = frozenset({"day", "week", "month"})
FILTERS: Final = ("unit", "ward", "group", "topic", "channel")
#: Days that are shown unless somebody asks for others, and the longest period.
USUAL: Final = timedelta(days=29)
DAYS_MAX: Final = 366
#: So many periods of the same length make a sparkline, the one asked for among them.
PERIODS: Final = 8


@dataclass(frozen=True)
class Asked:
    """A checked question. `given` are the filters as they stand in the address."""

    period: Period
    by: str
    given: Mapping[str, str]

    def scope(self, zone: tzinfo, only_unit: str | None) -> Scope:
        """Return the tickets that are asked for, of the one unit alone if there is one."""
        begins, ends = self.period.instants(zone)
        scope = Scope(begins, ends, **self.given)
        return scope if only_unit is None else replace(scope, unit=only_unit)

    def address(self, **other: str | None) -> dict[str, Any]:
        """Return what has to stand behind the ? to ask this again, with some of it changed or (None) left out."""
        said = {"from": self.period.first.isoformat(), "to": self.period.last.isoformat(), "by": self.by, **self.given}
        return {name: value for name, value in {**said, **other}.items() if value is not None}


def parse(asked: Mapping[str, str], city: City, today: date, otherwise: str = "unit") -> Asked:
    """Return what is asked for; raises `Refused` naming each field that cannot be meant."""
    problems: list[Problem] = []
    period = Period(today - USUAL, today)
    try:
        period = _period(asked, today)
    except Refused as refused:
        problems += refused.problems
    by = asked.get("by") or otherwise
    if by not in DIMENSIONS:
        problems.append(Problem("by", "not_one_of", {"expected": ", ".join(DIMENSIONS)}))
    given = {name: asked[name] for name in FILTERS if asked.get(name)}
    known = _known(city)
    problems += [Problem(name, code, params) for name, (values, code, params) in known.items()
                 if name in given and given[name] not in values]  # fmt: skip
    if problems:
        raise Refused(problems)
    return Asked(period, by, given)


def _period(asked: Mapping[str, str], today: date) -> Period:
    given = dict(asked)
    if not given.get("from", "").strip():
        last = parse_period({"to": given.get("to", "")}, today).last
        given["from"] = (last - USUAL).isoformat()
    period = parse_period(given, today)
    if (period.last - period.first).days >= DAYS_MAX:
        raise Refused([Problem("from", "period_long", {"max": DAYS_MAX})])
    return period


def _known(city: City) -> dict[str, tuple[set[str], str, dict[str, str]]]:
    groups, channels = {*(group.slug for group in topic_groups()), NONE}, set(Channel)
    return {
        "unit": ({*city.departments, NONE}, "unknown_department", {}),
        "ward": ({*city.wards, NONE}, "unknown_ward", {}),
        "topic": ({*topics(), NONE}, "unknown_topic", {}),
        "group": (groups, "not_one_of", {"expected": ", ".join(sorted(groups))}),
        "channel": (set(channels), "not_one_of", {"expected": ", ".join(Channel)}),
    }


def earlier(period: Period, steps: int = 1) -> Period:
    """Return the period that many steps before: whole months go back by months, others by their days."""
    after = period.last + timedelta(days=1)
    if period.first.day == after.day == 1:
        months = (after.year - period.first.year) * 12 + after.month - period.first.month
        back = relativedelta(months=months * steps)
        return Period(period.first - back, after - back - timedelta(days=1))
    days = (after - period.first) * steps
    return Period(period.first - days, period.last - days)


def row_of_periods(period: Period) -> list[Period]:
    """Return the periods of a sparkline, the one asked for last; each begins where the one before is over."""
    return [earlier(period, steps) for steps in range(PERIODS - 1, -1, -1)]


def cut(period: Period, by: str) -> list[Period]:
    """Return a period's days, weeks (from Monday) or months; the first and the last may be shorter."""
    begins = takewhile(lambda day: day <= period.last, _beginnings(period.first, by))
    firsts = [period.first, *(day for day in begins if day > period.first)]
    ends = [first - timedelta(days=1) for first in firsts[1:]]
    return [Period(first, last) for first, last in zip(firsts, [*ends, period.last], strict=True)]


def usual_step(period: Period) -> str:
    """Return by what a period is drawn: few enough points to be told apart."""
    days = (period.last - period.first).days + 1
    return "day" if days <= 16 else "week" if days <= 26 * 7 else "month"


def _beginnings(first: date, by: str) -> Iterator[date]:
    """Yield every day, Monday or first of a month from a day on, or just before it."""
    begin = {"day": first, "week": first - timedelta(days=first.weekday()), "month": first.replace(day=1)}[by]
    step = {"day": relativedelta(days=1), "week": relativedelta(weeks=1), "month": relativedelta(months=1)}[by]
    return (begin + step * number for number in count())


def edges(periods: list[Period], zone: tzinfo) -> list[datetime]:
    """Return the instants between which periods that follow on each other lie."""
    return [periods[0].instants(zone)[0], *(period.instants(zone)[1] for period in periods)]
