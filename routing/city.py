"""A city as data: wards of two eras, units, rules, time limits and calendar, read from one folder and checked whole.

Nothing about any city is in code; another one is another folder (`load_city(folder)`).
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from routing.calendar import WorkingCalendar, read_calendar
from routing.departments import DepartmentFact, Units, heir_of, read_departments
from routing.gazetteer import Gazetteer, read_gazetteer
from routing.neighbours import IncidentRules, read_incidents
from routing.questions import Script, read_questions
from routing.retention import FILE as RETENTION
from routing.retention import RetentionTable, read_retention
from routing.rulebook import RuleBook, read_rules
from routing.sla import SlaTable, read_sla
from routing.source import CityDataError, Problems
from routing.targets import Targets, read_targets
from routing.wards import LegacyFact, WardFact, read_wards

if TYPE_CHECKING:
    from routing.borders import WardBorders

__all__ = ["City", "CityDataError", "DepartmentFact", "LegacyFact", "WardFact", "load_city"]

PACKAGED: Final = Path(__file__).parent / "data" / "hcmc"

_loaded: dict[Path, "City"] = {}
_loading = threading.Lock()


@dataclass(frozen=True)
class City:
    """One city. `version` is a digest of its files and of what was changed since in the book of units.

    `phone` is the hotline's number as people dial it. `departments` holds each unit's newest facts, planned ones too,
    with those before: ask them `on` a day.
    `coordinator` is the department that gets what nobody else does; `units` is what the city's own file says.
    """

    name: str
    phone: str
    version: str
    wards: dict[str, WardFact]
    legacy: tuple[LegacyFact, ...]
    departments: dict[str, DepartmentFact]
    rules: RuleBook
    sla: SlaTable
    calendar: WorkingCalendar
    coordinator: str
    units: Units = field(repr=False)
    incidents: IncidentRules
    targets: Targets
    retention: RetentionTable = field(repr=False)
    gazetteer: Gazetteer = field(repr=False)
    borders: "WardBorders | None" = field(repr=False)
    questions: Script = field(repr=False)

    def unit(self, name: str | None, day: date) -> DepartmentFact | None:
        """Return a unit as it is on a day, or last was, or first will be; None when there is none of this id."""
        known = self.departments.get(name or "")
        return known.life_on(day) if known else None

    def heir(self, unit: str, day: date) -> str | None:
        """Return who has what a closed unit left, on that day; None when nobody does."""
        return heir_of(self.departments, unit, day)

    def with_units(self, changed: Mapping[str, DepartmentFact], edition: str) -> "City":
        """Return this city with the units as the book has them; those of the files that are not in it stay."""
        return replace(self, departments={**self.departments, **changed}, version=f"{self.version}.{edition}")


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
    rules = read_rules(folder / "rules.yaml", units, ward_map.wards, problems)
    sla = read_sla(folder, problems)
    calendar = read_calendar(folder, problems)
    borders = _borders(folder, ward_map.wards, problems)
    incidents = read_incidents(folder, problems)
    questions = read_questions(folder, problems)
    targets = read_targets(folder, problems)
    retention = read_retention(folder if (folder / RETENTION).exists() else PACKAGED, problems)
    problems.refuse()
    return City(
        name=gazetteer.city_name,
        phone=gazetteer.phone,
        version=_digest(folder),
        wards=ward_map.wards,
        legacy=ward_map.legacy,
        departments=units.departments,
        rules=rules,
        sla=sla,
        calendar=calendar,
        coordinator=units.coordinator,
        units=units,
        incidents=incidents,
        targets=targets,
        retention=retention,
        gazetteer=gazetteer,
        borders=borders,
        questions=questions,
    )


def _borders(folder: Path, wards: dict[str, WardFact], problems: Problems) -> "WardBorders | None":
    """Return where the wards' borders run, when the city has a file that says so."""
    path = folder / "wards.geojson"
    if not path.exists():
        return None
    from routing.borders import read_borders  # noqa: PLC0415 (geometry is loaded for a city that has some, not else)

    return read_borders(path, wards, problems)


def with_rules(city: City, file: Path) -> City:
    """Return the city as it would be under another rule set; `CityDataError` lists what is wrong with the file."""
    problems = Problems()
    units = replace(city.units, departments=city.departments)
    book = read_rules(file, units, city.wards, problems)
    problems.refuse()
    return replace(city, rules=book, version=f"{city.version}+{file.name}")


def _digest(folder: Path) -> str:
    seen = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".yaml", ".json", ".geojson"}:
            seen.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()[:16]
