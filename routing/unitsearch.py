"""Finding a unit by what people call it, with or without accents."""

from datetime import date
from typing import Final

from models.vocabulary import DepartmentKind
from routing.city import City, DepartmentFact
from routing.folding import fold

#: A name longer than this is no unit's.
_TYPED_MAX: Final = 200


def active_units(city: City, day: date) -> tuple[DepartmentFact, ...]:
    """Return the units that can be in charge on that day, in the city's order; the coordinators' own desk is none."""
    return tuple(
        fact for fact in city.departments.values() if fact.kind is not DepartmentKind.HOTLINE and fact.valid_on(day)
    )


def find_units(city: City, typed: str, day: date) -> tuple[DepartmentFact, ...]:
    """Return the active units that a person may mean: one of exactly that name alone, else all that have every word."""
    wanted = fold(typed[:_TYPED_MAX]).split()
    if not wanted:
        return ()
    named = [
        (fact, {" ".join(fold(name).split()) for name in (fact.id, fact.vi, fact.en)})
        for fact in active_units(city, day)
    ]
    exact = tuple(fact for fact, names in named if " ".join(wanted) in names)
    if exact:
        return exact
    return tuple(fact for fact, names in named if any(set(wanted) <= set(name.split()) for name in names))
