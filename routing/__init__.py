"""Where a report belongs and when it is due: wards, units, rules and deadlines, as pure functions of a city's data."""

from routing.city import City, CityDataError, load_city
from routing.deadlines import Due, due_dates
from routing.place import Place, resolve_place
from routing.rules import Decision, Facts, decide

__all__ = [
    "City",
    "CityDataError",
    "Decision",
    "Due",
    "Facts",
    "Place",
    "decide",
    "due_dates",
    "load_city",
    "resolve_place",
]
