"""Finding a unit by what people call it, with or without accents."""

from collections.abc import Callable
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
    """Return the active units that a person may mean, by the closest way of reading that finds any.

    That is one of exactly that name; else those with these words in a row; else those with each of them anywhere.
    """
    wanted = fold(typed[:_TYPED_MAX]).split()
    if not wanted:
        return ()
    phrase = f" {' '.join(wanted)} "
    named = [(fact, _names(fact)) for fact in active_units(city, day)]
    ways: tuple[Callable[[str], bool], ...] = (
        lambda name: name == phrase,
        lambda name: phrase in name,
        lambda name: set(wanted) <= set(name.split()),
    )
    found = (tuple(fact for fact, names in named if any(map(fits, names))) for fits in ways)
    return next(filter(None, found), ())


def _names(fact: DepartmentFact) -> tuple[str, ...]:
    """Return what a unit is called, folded, with a space around, so that words are compared whole."""
    return tuple(f" {' '.join(fold(name).split())} " for name in (fact.id, fact.vi, fact.en))
