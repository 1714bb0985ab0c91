"""The list of units: searched without accents, filtered by kind and day, paged by key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.problems import NotFound, Problem, Refused
from app.units.schema import read_day
from models.vocabulary import DepartmentKind
from routing.city import City
from routing.departments import DepartmentFact
from routing.folding import fold

PAGE: Final = 50
PROGRAM_PAGE: Final = 200
_ORDER: Final = {kind: place for place, kind in enumerate((
    DepartmentKind.HOTLINE, DepartmentKind.CITY, DepartmentKind.CENTRE, DepartmentKind.POLICE, DepartmentKind.CENTRAL,
    DepartmentKind.UTILITY, DepartmentKind.WARD, DepartmentKind.WARD_POLICE, DepartmentKind.WARD_SERVICE_CENTRE,
))}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Which units: those of a day, or with `gone_too` all; of a kind; with these words in name or id."""

    day: date
    words: str = ""
    kind: DepartmentKind | None = None
    gone_too: bool = False


def asked(query: Mapping[str, str], today: date) -> Wanted:
    """Read what a program asks for (`on`, `kind`); raise `Refused` naming everything that is wrong."""
    problems = []
    day = read_day(query.get("on") or today.isoformat())
    if day is None:
        problems.append(Problem("on", "not_day"))
    kind = query.get("kind") or None
    if kind is not None and kind not in set(DepartmentKind):
        problems.append(Problem("kind", "not_one_of", {"expected": ", ".join(DepartmentKind)}))
    if day is None or problems:
        raise Refused(problems)
    return Wanted(day, kind=DepartmentKind(kind) if kind else None)


@dataclass(frozen=True)
class Page:
    """Part of the list, each unit as it is on the day with its whole life; `after` begins the next part."""

    units: list[DepartmentFact]
    count: int
    after: str | None


def page(city: City, wanted: Wanted, after: str | None = None, size: int = PAGE) -> Page:
    """Return a part of the list; raise `NotFound` for an `after` that is no unit of this city."""
    ranked = [(rank, _key(unit), unit) for unit in ordered(city, wanted.day) if (rank := _rank(city, unit, wanted))]
    found = sorted(ranked, key=lambda row: row[:2])
    rest = found
    if after:
        known = city.departments.get(after)
        if known is None:
            raise NotFound
        last = known.life_on(wanted.day)
        rest = [row for row in found if row[:2] > (_rank(city, last, wanted), _key(last))]
    more = rest[size - 1][2].id if len(rest) > size else None
    return Page([unit for _, _, unit in rest[:size]], len(found), more)


def ordered(city: City, day: date) -> list[DepartmentFact]:
    """Return every unit as it is on a day, or last was, or first will be, in the order in which people look."""
    return sorted((unit.life_on(day) for unit in city.departments.values()), key=_key)


def _key(unit: DepartmentFact) -> tuple[int, str, str]:
    return (_ORDER[unit.kind], fold(unit.vi), unit.id)


def _rank(city: City, unit: DepartmentFact, wanted: Wanted) -> int:
    """Return 1 for a unit that has the words as they stand, 2 for one that has each somewhere, 0 for one not wanted."""
    if wanted.kind is not None and unit.kind is not wanted.kind:
        return 0
    if not wanted.gone_too and not city.departments[unit.id].valid_on(wanted.day):
        return 0
    ward = city.wards.get(unit.ward or "")
    there = fold(" ".join((unit.id, unit.vi, unit.en, ward.name if ward else "")))
    words = fold(wanted.words).split()
    if " ".join(words) in there:
        return 1
    return 2 if all(word in there for word in words) else 0
