"""Units as files: written out as they stand on a day, and read in again as what they shall be from a day on."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from sqlalchemy.orm import Session

from app.assignment import local_date
from app.hotline import Hotline
from app.problems import MESSAGES
from app.units import book
from app.units.book import Author
from app.units.service import after_adding, problems_among
from models.vocabulary import UnitChangeOrigin
from routing.city import City
from routing.departments import FIELDS, DepartmentFact, Units, departments_page, plain_value, read_departments
from routing.source import Problems
from routing.unitbook import Difference, Refusal, change_for, differences, rules_naming, units_of

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def standing(hotline: Hotline, session: Session, day: date) -> Units:
    """Return every unit as it is on a day, with the life around it; units that are gone or to come as they were or
    will be.
    """
    files = hotline.files.units
    known = hotline.standing.fresh(session).departments
    return Units(
        {name: unit.life_on(day) for name, unit in known.items()}, files.coordinator, files.patterns, files.types_en, {}
    )


def export(hotline: Hotline, target: Path, day: date | None = None) -> int:
    """Write the units as they are on a day (today) to a .yaml, .csv or .xlsx file; return how many."""
    with hotline.database.reading() as session:
        units = standing(hotline, session, day or local_date(hotline, hotline.now()))
    _WRITERS[target.suffix](target, units, hotline.files)
    return len(units.departments)


def _yaml(target: Path, units: Units, city: City) -> None:
    target.write_text(departments_page(units, city.wards), "utf-8")


def _rows(units: Units) -> Iterator[list[Any]]:
    yield list(FIELDS)
    for unit in units.departments.values():
        yield [plain_value(getattr(unit, name)) for name in FIELDS]


def _csv(target: Path, units: Units, _city: City) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(value) for value in row] for row in _rows(units))
    target.write_text(text.getvalue(), "utf-8-sig", newline="")  # with the mark by which spreadsheets know UTF-8


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _xlsx(target: Path, units: Units, _city: City) -> None:
    workbook = Workbook(write_only=False)
    sheet = workbook.worksheets[0]
    for row in _rows(units):
        sheet.append(row)
    for cells in sheet.iter_rows():
        for cell in cells:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a text that begins with = is a text
    sheet.freeze_panes = "A2"
    workbook.save(target)


_WRITERS: Final[Mapping[str, Callable[[Path, Units, City], None]]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": _csv,
    ".xlsx": _xlsx,
}
FORMATS: Final = tuple(_WRITERS)


def take_in(
    hotline: Hotline, source: Path, *, because: str, day: date | None = None, dry_run: bool = False
) -> list[Difference]:
    """Make the units, from a day (today) on, those of a file; return what that changes. One transaction, or none.

    The second time the same file changes nothing. Raises `CityDataError` with every line that cannot be meant.
    """
    problems = Problems()
    wanted = read_departments(source.parent, hotline.files.wards, problems, source.name)
    if wanted.coordinator != hotline.files.coordinator:
        problems.add(
            source.name, f"the coordinator of this city is {hotline.files.coordinator!r}: change its own files"
        )
    problems.refuse()
    with hotline.database.transaction() as session:
        book.lock(session)
        now = hotline.now()
        today = local_date(hotline, now)
        since = day or today
        if since < today:
            problems.add(source.name, f"days that are over stay as they were: import from {today} on")
            problems.refuse()
        lines = [book.change_of(line) for line in book.lines(session)]
        units = units_of(lines)
        found, refused = differences(units, wanted, since)
        new = [change_for(difference) for difference in found]
        after = after_adding(lines, new)
        for refusal in (*refused, *_refusals(hotline.files, after, found)):
            problems.add(wanted.lines.get(refusal.unit, source.name), f"department {refusal.unit!r} {refusal.words}")
        problems.refuse()
        if not dry_run:
            book.add(session, Author(UnitChangeOrigin.FILE, now, None, because), new)
            book.turn_page(session, after, today)
    return found


def _refusals(city: City, after: Mapping[str, DepartmentFact], found: list[Difference]) -> Iterator[Refusal]:
    for problem in problems_among(city, after, {difference.unit for difference in found}):
        yield Refusal(problem.unit, f"({problem.field}): {MESSAGES[problem.code][1].format(**problem.params)}")


def told(difference: Difference, before: Mapping[str, DepartmentFact], city: City) -> str:
    """Return a difference as a line for a person at a terminal."""
    since = difference.since or "ever"
    unit = before.get(difference.unit)
    if difference.what == "added" and difference.fact is not None:
        return f"+ {difference.unit} from {since}: {difference.fact.vi}"
    if difference.what == "closed":
        named = rules_naming(city.rules, unit, difference.since or date.min) if unit else []
        heir = f", successor {difference.successor}" if difference.successor else ", no successor"
        warning = f"  (still named by rules: {', '.join(named)})" if named else ""
        return f"- {difference.unit} closed from {since}{heir}{warning}"
    now = unit.life_on(difference.since or date.min) if unit else None
    changes = "; ".join(
        f"{name}: {plain_value(getattr(now, name))!r} -> {plain_value(getattr(difference.fact, name))!r}"
        for name in difference.fields
    )
    return f"~ {difference.unit} from {since}: {changes}"
