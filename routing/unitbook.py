"""The book of units: dated lines that are only ever added, what they make of the units, and what cannot be meant.

Pure. A unit on a day is what the line with the latest `since` up to that day says; of two lines for one day the later
written one counts. So no period overlaps another, and a line for today or later leaves every day before as it was.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from models.vocabulary import UnitChangeKind
from routing.departments import CHANGEABLE, DepartmentFact, Units, own_ancestors
from routing.rulebook import RuleBook
from routing.wards import WardFact

_EVER: Final = date.min


@dataclass(frozen=True, slots=True)
class Change:
    """One line: from `since` on (None: as far back as anybody knows) `unit` is as `fact` says, or is gone.

    An UNDONE line takes back the line with the number `undoes`.
    """

    number: int  # 0 while it is not written yet
    unit: str
    kind: UnitChangeKind
    since: date | None
    fact: DepartmentFact | None = None
    successor: str | None = None
    undoes: int | None = None


def state_of(fact: DepartmentFact, since: date | None) -> Change:
    """Return a new line that says: from that day on the unit is so."""
    return Change(0, fact.id, UnitChangeKind.STATE, since, fact)


def closing(unit: str, since: date | None, successor: str | None) -> Change:
    """Return a new line that says: from that day on the unit is gone."""
    return Change(0, unit, UnitChangeKind.CLOSED, since, successor=successor)


def changes_of_life(fact: DepartmentFact) -> list[Change]:
    """Return the lines that say of a unit all that a file does: what it is, from when, and until when."""
    end = [closing(fact.id, fact.valid_to, fact.successor)] if fact.valid_to else []
    return [state_of(fact, fact.valid_from), *end]


def units_of(changes: Iterable[Change]) -> dict[str, DepartmentFact]:
    """Return what the lines make of each unit. One whose every line was taken back is not there."""
    by_unit: dict[str, list[Change]] = defaultdict(list)
    for change in in_force(changes):
        by_unit[change.unit].append(change)
    units = {unit: _unit(lines) for unit, lines in by_unit.items()}
    return {unit: fact for unit, fact in units.items() if fact is not None}


def in_force(changes: Iterable[Change]) -> list[Change]:
    """Return the lines that count, those taken back and what took them back left out."""
    every = list(changes)
    undone = {change.undoes for change in every}
    return [change for change in every if change.undoes is None and change.number not in undone]


def _unit(lines: list[Change]) -> DepartmentFact | None:
    # Two lines for one day: the dictionary keeps the one written later.
    days = {line.since or _EVER: line for line in sorted(lines, key=lambda line: line.number)}
    ordered = [days[day] for day in sorted(days)]
    versions = []
    for line, after in zip(ordered, [*ordered[1:], None], strict=True):
        if line.fact is not None:
            end = after.since if after else None
            heir = after.successor if after else None
            versions.append(replace(line.fact, valid_from=line.since, valid_to=end, successor=heir, earlier=()))
    if len(versions) < 2:
        return versions[0] if versions else None
    return replace(versions[-1], earlier=tuple(versions[:-1]))


@dataclass(frozen=True, slots=True)
class UnitProblem:
    """What is wrong with a change: of which unit, in which field, and the code of the words for it."""

    unit: str
    field: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def problems_of(
    units: Mapping[str, DepartmentFact], touched: Iterable[str], wards: Mapping[str, WardFact], coordinator: str
) -> list[UnitProblem]:
    """Return what cannot be meant about units that are about to be changed, as they would be then."""
    found: list[UnitProblem] = []
    for name in touched:
        unit = units.get(name)
        if unit is not None:
            found += _of_unit(units, unit, wards)
    if coordinator in units and units[coordinator].valid_to is not None:
        found.append(UnitProblem(coordinator, "since", "unit_coordinator"))
    named = set(touched)
    for day in _days(units):
        circle = own_ancestors(units, lambda unit, day=day: unit.on(day))  # type: ignore[misc]
        found += [UnitProblem(name, "parent", "unit_circle") for name in circle if name in named]
    return list({(problem.unit, problem.field, problem.code): problem for problem in found}.values())


def _days(units: Mapping[str, DepartmentFact]) -> list[date]:
    """Return a day for each stretch between two changes of any unit."""
    return sorted({_EVER, *(edge for unit in units.values() for edge in _edges(unit))})


def _edges(unit: DepartmentFact) -> list[date]:
    """Return the days on which something happens to a unit."""
    return [edge for fact in unit.versions for edge in (fact.valid_from, fact.valid_to) if edge is not None]


def _of_unit(
    units: Mapping[str, DepartmentFact], unit: DepartmentFact, wards: Mapping[str, WardFact]
) -> Iterable[UnitProblem]:
    day = unit.valid_from or _EVER
    if unit.parent is not None:
        above = units.get(unit.parent)
        if above is None:
            yield UnitProblem(unit.id, "parent", "unknown_department")
        elif unit.valid_from is not None and not above.valid_on(day):
            yield UnitProblem(unit.id, "parent", "unit_not_open", {"unit": above.life_on(day).vi, "day": spoken(day)})
    if unit.ward is not None and unit.ward not in wards:
        yield UnitProblem(unit.id, "ward", "unknown_ward")
    if unit.successor is not None and unit.valid_to is not None:
        heir = units.get(unit.successor)
        if heir is None or heir.id == unit.id:
            yield UnitProblem(unit.id, "successor", "unknown_department")
        elif not heir.valid_on(unit.valid_to):
            yield UnitProblem(
                unit.id,
                "successor",
                "unit_not_open",
                {"unit": heir.life_on(unit.valid_to).vi, "day": spoken(unit.valid_to)},
            )


def spoken(day: date) -> str:
    """Return a day as it is written in the country."""
    return f"{day.day}/{day.month}/{day.year}"


def planned_after(unit: DepartmentFact, day: date) -> date | None:
    """Return the first day after this one on which something is planned to happen to the unit."""
    return min((edge for edge in _edges(unit) if edge > day), default=None)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a file of units would change about one: added, changed (in these fields) or closed, from `since` on."""

    unit: str
    what: str
    since: date | None
    fact: DepartmentFact | None
    fields: tuple[str, ...] = ()
    successor: str | None = None


def change_for(difference: Difference) -> Change:
    """Return the new line that a difference asks for."""
    if difference.fact is None:
        return closing(difference.unit, difference.since, difference.successor)
    return state_of(difference.fact, difference.since)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what a file says of a unit cannot be written, and what to do."""

    unit: str
    words: str


def differences(
    known: Mapping[str, DepartmentFact], wanted: Units, day: date
) -> tuple[list[Difference], list[Refusal]]:
    """Return what makes the units of the book, from that day on, those of a file; and what forbids it.

    A unit that the file does not name is closed. What is planned for later and not in the file's way stays planned.
    """
    found: list[Difference] = []
    refused: list[Refusal] = []
    for name, fact in wanted.departments.items():
        try:
            found += _difference(known.get(name), fact, day)
        except _Forbidden as error:
            refused.append(Refusal(name, str(error)))
    for name, unit in known.items():
        if name not in wanted.departments and unit.valid_on(day):
            later = planned_after(unit, day)
            if later is None:
                found.append(Difference(name, "closed", day, None))
            else:
                words = f"is not in the file, and a change is planned from {later}: undo that first"
                refused.append(Refusal(name, words))
    return found, refused


class _Forbidden(Exception):
    """Raised when a line of a file would write over what was or what is planned; says what to do."""


def _difference(known: DepartmentFact | None, wanted: DepartmentFact, day: date) -> Iterable[Difference]:
    if known is None:
        since = wanted.valid_from or day
        if wanted.valid_to is not None and wanted.valid_to <= since:
            return  # it was gone before it could be known
        yield Difference(wanted.id, "added", since, wanted)
        if wanted.valid_to is not None:
            yield Difference(wanted.id, "closed", wanted.valid_to, None, successor=wanted.successor)
        return
    now = known.life_on(day)
    ended = now.valid_to is not None and now.valid_to <= day
    if wanted.valid_to is not None and wanted.valid_to <= day:
        if not ended:
            yield Difference(wanted.id, "closed", day, None, successor=wanted.successor)
        return
    if ended:
        yield Difference(wanted.id, "added", max(day, wanted.valid_from or day), wanted)
    else:
        yield from _of_standing(known, now, wanted, day)
    if wanted.valid_to is not None and (ended or (wanted.valid_to, wanted.successor) != (now.valid_to, now.successor)):
        if now.valid_to is not None and not ended:
            raise _Forbidden(f"is to be closed on {now.valid_to} already: undo that first")
        later = planned_after(known, day)
        if later is not None and later >= wanted.valid_to:
            raise _Forbidden(f"has a change planned from {later}, after its end: undo that first")
        yield Difference(wanted.id, "closed", wanted.valid_to, None, successor=wanted.successor)


def _of_standing(known: DepartmentFact, now: DepartmentFact, wanted: DepartmentFact, day: date) -> Iterable[Difference]:
    # one that was closed and opened again has begun more than once
    if wanted.valid_from is not None and wanted.valid_from not in {fact.valid_from for fact in known.versions}:
        raise _Forbidden(f"began on {now.valid_from or 'a day nobody knows'}: that cannot be changed afterwards")
    if wanted.valid_to is None and now.valid_to is not None:
        raise _Forbidden(f"is to be closed on {now.valid_to}: undo that first, or write valid_to")
    fields = tuple(name for name in CHANGEABLE if getattr(now, name) != getattr(wanted, name))
    if not fields:
        return
    since = max(day, now.valid_from or day)
    later = planned_after(known, since)
    if later is not None and later != now.valid_to:
        raise _Forbidden(f"has a change planned from {later}: undo that first")
    yield Difference(wanted.id, "changed", since, wanted, fields)


def still_named(rules: RuleBook, departments: Mapping[str, DepartmentFact], day: date) -> dict[str, list[str]]:
    """Return the units that are gone on a day and the rules, in force then or later, that name them all the same."""
    gone = [unit for unit in departments.values() if unit.valid_to is not None and unit.valid_to <= day]
    named = {unit.id: rules_naming(rules, unit, day) for unit in gone}
    return {unit: found for unit, found in named.items() if found}


def rules_naming(rules: RuleBook, unit: DepartmentFact, day: date) -> list[str]:
    """Return the ids of the rules, in force on that day or later, that would send something to a unit."""
    return [
        rule.id
        for rule in rules.ordered
        if (rule.until is None or day < rule.until)
        and any(
            (f"{target.id}-{unit.ward}" if target.per_ward else target.id) == unit.id
            for target in (rule.lead, *rule.coordinating)
        )
    ]
