"""A city as data: wards of two eras, units, rules, time limits and calendar, read from one folder and checked whole.

Nothing about any city is in code; another one is another folder (`load_city(folder)`).
"""

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from routing.calendar import WorkingCalendar, read_calendar
from routing.departments import DepartmentFact, read_departments
from routing.gazetteer import Gazetteer, read_gazetteer
from routing.neighbours import IncidentRules, read_incidents
from routing.rulebook import RuleBook, read_rules
from routing.sla import SlaTable, read_sla
from routing.source import CityDataError, Problems
from routing.wards import LegacyFact, WardFact, read_wards

__all__ = ["City", "CityDataError", "DepartmentFact", "LegacyFact", "WardFact", "load_city"]

PACKAGED: Final = Path(__file__).parent / "data" / "hcmc"

_loaded: dict[Path, "City"] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class City:
    """One city. `version` is a digest of its files, `coordinator` the department that gets what nobody else does."""

    name: str
    version: str
    wards: dict[str, WardFact]
    legacy: tuple[LegacyFact, ...]
    departments: dict[str, DepartmentFact]
    rules: RuleBook
    sla: SlaTable
    calendar: WorkingCalendar
    coordinator: str
    incidents: IncidentRules
    gazetteer: Gazetteer = field(repr=False)


def load_city(folder: Path | None = None) -> City:
    """Return the city of that folder (the packaged one by default), read once per process.

    Raises `CityDataError`, whose message lists every problem with file and line.
    """
    path = (folder or PACKAGED).resolve()
    with _loading:
        city = _loaded.get(path)
        if city is None:
            city = _loaded[path] = read_city(path)
        return city


def read_city(folder: Path) -> City:
    """Read a city's files anew; `CityDataError` lists every problem of all of them."""
    problems = Problems()
    ward_map = read_wards(folder, problems)
    units = read_departments(folder, ward_map.wards, problems)
    gazetteer = read_gazetteer(folder, ward_map, problems)
    rules = read_rules(folder, units, ward_map.wards, problems)
    sla = read_sla(folder, problems)
    calendar = read_calendar(folder, problems)
    incidents = read_incidents(folder, problems)
    problems.refuse()
    return City(
        name=gazetteer.city_name,
        version=_digest(folder),
        wards=ward_map.wards,
        legacy=ward_map.legacy,
        departments=units.departments,
        rules=rules,
        sla=sla,
        calendar=calendar,
        coordinator=units.coordinator,
        incidents=incidents,
        gazetteer=gazetteer,
    )


def _digest(folder: Path) -> str:
    seen = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".yaml", ".json"}:
            seen.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()[:16]
