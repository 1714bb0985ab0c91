"""The book of units in the database: reading it, adding to it in turn, and the page of today that tickets refer to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.department import Department, DepartmentChange
from models.outbox import InstallationMark
from models.vocabulary import UnitChangeKind, UnitChangeOrigin
from routing.departments import CHANGEABLE, DepartmentFact
from routing.hours import read_hours
from routing.unitbook import Change, changes_of_life, units_of

#: The mark that holds the edition of the book, which grows with every commit that adds to it. Whoever adds locks it.
EDITION: Final = "units"
#: Facts whose column is named otherwise.
_COLUMNS: Final = {"parent": "parent_id", "ward": "ward_code"}


@dataclass(frozen=True)
class Author:
    """Who adds to the book, when and why."""

    origin: UnitChangeOrigin
    at: datetime
    actor_id: UUID | None = None
    because: str | None = None


def edition(session: Session) -> str:
    """Return what changes whenever the book does."""
    return session.scalar(select(InstallationMark.value).where(InstallationMark.name == EDITION)) or "0"


def lock(session: Session) -> None:
    """Wait until nobody else is adding to the book, and let nobody else until this transaction ends."""
    if session.get(InstallationMark, EDITION, with_for_update=True) is None:
        session.add(InstallationMark(name=EDITION, value="0"))
        session.flush()


def lines(session: Session, unit: str | None = None) -> list[DepartmentChange]:
    """Return the lines of the book, or of one unit, oldest first."""
    query = select(DepartmentChange).order_by(DepartmentChange.id)
    return list(session.scalars(query if unit is None else query.where(DepartmentChange.department_id == unit)))


def change_of(line: DepartmentChange) -> Change:
    """Return a line as plain values."""
    fact = None
    if line.change is UnitChangeKind.STATE:
        values: dict[str, Any] = {name: getattr(line, _COLUMNS.get(name, name)) for name in CHANGEABLE}
        values["hours"] = read_hours(line.hours) if line.hours else None
        fact = DepartmentFact(id=line.department_id, valid_from=line.since, valid_to=None, **values)
    return Change(line.id, line.department_id, line.change, line.since, fact, line.successor_id, line.undoes_id)


def read(session: Session) -> dict[str, DepartmentFact]:
    """Return every unit of the book with all its facts, dated."""
    return units_of(map(change_of, lines(session)))


def add(session: Session, author: Author, changes: Iterable[Change]) -> None:
    """Add lines to the book, which the caller has locked, and units that are new to the page of today."""
    wanted = list(changes)
    if not wanted:
        return
    known = set(session.scalars(select(Department.id)))
    fresh = {change.unit: change for change in wanted if change.fact is not None and change.unit not in known}
    for change in _parents_first(fresh):
        session.add(_row(change))
        session.flush()
    session.add_all(_line(author, change) for change in wanted)
    mark = session.get_one(InstallationMark, EDITION)
    mark.value = str(int(mark.value) + 1)
    session.flush()


def _parents_first(fresh: Mapping[str, Change]) -> list[Change]:
    """Return new units so that none comes before its parent: a foreign key cannot point at a row still to come."""
    ordered: dict[str, Change] = {}

    def place(change: Change, below: frozenset[str]) -> None:
        above = fresh.get(change.fact.parent or "") if change.fact else None
        if above is not None and above.unit not in ordered and above.unit not in below:
            place(above, below | {change.unit})
        ordered.setdefault(change.unit, change)

    for change in fresh.values():
        place(change, frozenset())
    return list(ordered.values())


def _row(change: Change) -> Department:
    fact = change.fact
    if fact is None:
        raise ValueError("only a state makes a unit")
    return Department(
        id=fact.id,
        vi=fact.vi,
        en=fact.en,
        kind=fact.kind,
        parent_id=fact.parent,
        ward_code=fact.ward,
        valid_from=change.since,
    )


def _line(author: Author, change: Change) -> DepartmentChange:
    fact = change.fact
    facts = {} if fact is None else {_COLUMNS.get(name, name): getattr(fact, name) for name in CHANGEABLE}
    if fact is not None:
        facts["hours"] = fact.hours.written() if fact.hours else None
    return DepartmentChange(
        department_id=change.unit,
        change=change.kind,
        since=change.since,
        successor_id=change.successor,
        undoes_id=change.undoes,
        origin=author.origin,
        at=author.at,
        actor_id=author.actor_id,
        because=author.because,
        **facts,
    )


def take_in_strays(session: Session) -> list[Change]:
    """Return lines for units that tickets refer to and of which the book says nothing yet: as they stand."""
    written = select(DepartmentChange.department_id)
    return [
        change
        for row in session.scalars(select(Department).where(Department.id.not_in(written)))
        for change in changes_of_life(
            DepartmentFact(row.id, row.vi, row.en, row.kind, row.parent_id, row.ward_code, row.valid_from, row.valid_to)
        )
    ]


def turn_page(session: Session, units: Mapping[str, DepartmentFact], day: date) -> int:
    """Bring the page of today up to what the book says of that day; return how many units were other than that."""
    turned = 0
    for row in session.scalars(select(Department)):
        unit = units.get(row.id)
        # A unit whose every line was taken back stays as a row that tickets could refer to, but never exists.
        wanted = _never(row, day) if unit is None else _today(unit, day)
        if any(getattr(row, name) != value for name, value in wanted.items()):
            turned += 1
            for name, value in wanted.items():
                setattr(row, name, value)
    session.flush()
    return turned


def _today(unit: DepartmentFact, day: date) -> dict[str, Any]:
    fact = unit.life_on(day)
    names = ("vi", "en", "kind", "parent", "ward", "valid_from", "valid_to")
    return {_COLUMNS.get(name, name): getattr(fact, name) for name in names}


def _never(row: Department, day: date) -> dict[str, Any]:
    begins = row.valid_from or day
    return {"valid_from": begins, "valid_to": begins}


def written_since(session: Session, unit: str) -> int:
    """Return the number of the last line about a unit, 0 when there is none: what an administrator last saw of it."""
    return session.scalar(select(func.max(DepartmentChange.id)).where(DepartmentChange.department_id == unit)) or 0
