"""What an administrator does to the book of units: add a unit, change it, close it, take back what has not begun.

Each adds lines and rewrites none. Nothing is said about days that are over, but of a unit that nobody knew of.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app import access
from app.assignment import local_date
from app.audit.record import record
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, Refused, refuse
from app.units import book
from app.units.book import Author
from app.units.schema import Closing, Stated
from app.work import person
from models.account import Account
from models.department import DepartmentChange
from models.ticket import Ticket
from models.vocabulary import AuditKind, UnitChangeKind, UnitChangeOrigin
from models.workflow import AWAITS_DEPARTMENT
from routing.city import City
from routing.departments import CHANGEABLE, DepartmentFact, standing_in
from routing.unitbook import (
    Change,
    UnitProblem,
    closing,
    in_force,
    planned_after,
    problems_of,
    rules_naming,
    spoken,
    state_of,
    still_named,
    units_of,
)

Units = Mapping[str, DepartmentFact]


@dataclass(frozen=True)
class Written:
    """The book as whoever adds to it finds it: its lines, what they make of the units, and which day it is."""

    lines: list[Change]
    units: Units
    today: date

    def unit(self, name: str) -> DepartmentFact:
        """Return a unit; raise `NotFound` when there is none."""
        if name not in self.units:
            raise NotFound
        return self.units[name]


#: Given the book, the lines to add.
Make = Callable[[Written], list[Change]]


def open_unit(hotline: Hotline, account: Account, stated: Stated) -> str:
    """Add a unit and return its id. Its first day may be over: no decision can have named it."""

    def make(written: Written) -> list[Change]:
        if stated.fact.id in written.units:
            raise refuse("id", "unit_taken")
        return [state_of(stated.fact, stated.since)]

    _write(hotline, account, stated.fact.id, None, stated.because, make)
    return stated.fact.id


def change_unit(hotline: Hotline, account: Account, unit: str, seen: int, stated: Stated) -> None:
    """Say what a unit is from a day on; a closed one is open again from then.

    `seen` is the number of the last line that the administrator saw: raises `Conflict` when there is a later one.
    """

    def make(written: Written) -> list[Change]:
        known = written.unit(unit)
        _not_over(stated.since, written.today)
        _nothing_planned(known, stated.since)
        before = known.on(stated.since)
        if before is not None and all(getattr(before, n) == getattr(stated.fact, n) for n in CHANGEABLE):
            raise refuse("", "unit_same")
        return [state_of(stated.fact, stated.since)]

    _write(hotline, account, unit, seen, stated.because, make)


def close_unit(hotline: Hotline, account: Account, unit: str, seen: int, wanted: Closing) -> None:
    """Say from which day a unit is gone. Its open tickets then go to the successor, or to the coordinators."""

    def make(written: Written) -> list[Change]:
        known = written.unit(unit)
        _not_over(wanted.since, written.today)
        _nothing_planned(known, wanted.since)
        if not known.valid_on(wanted.since):
            raise refuse("since", "unit_not_open", unit=known.life_on(wanted.since).vi, day=spoken(wanted.since))
        return [closing(unit, wanted.since, wanted.successor)]

    _write(hotline, account, unit, seen, wanted.because, make)


def undo(hotline: Hotline, account: Account, unit: str, seen: int, number: int, because: str) -> None:
    """Take back a line about a day that is still to come; raise `NotFound` for one that does not count (any more)."""

    def make(written: Written) -> list[Change]:
        ours = (line for line in in_force(written.lines) if line.unit == unit)
        line = next((line for line in ours if line.number == number), None)
        if line is None:
            raise NotFound
        if line.since is None or line.since <= written.today:
            raise Conflict([Problem("", "unit_begun")])
        return [Change(0, unit, UnitChangeKind.UNDONE, None, undoes=number)]

    _write(hotline, account, unit, seen, because, make)


def _write(hotline: Hotline, account: Account, unit: str, seen: int | None, because: str, make: Make) -> None:
    with hotline.database.transaction() as session:
        book.lock(session)
        if seen is not None and book.written_since(session, unit) != seen:
            raise Conflict([Problem("", "unit_stale")])
        now = hotline.now()
        today = local_date(hotline, now)
        lines = [book.change_of(line) for line in book.lines(session)]
        new = make(Written(lines, units_of(lines), today))
        after = after_adding(lines, new)
        _refuse(after, unit, today, problems_among(hotline.files, after, {unit}))
        book.add(session, Author(UnitChangeOrigin.WEB, now, account.id, because), new)
        book.turn_page(session, after, today)


def after_adding(written: Sequence[Change], new: Iterable[Change]) -> dict[str, DepartmentFact]:
    """Return the units as they are once these lines are written too."""
    last = max((line.number for line in written), default=0)
    return units_of([*written, *(replace(line, number=last + n) for n, line in enumerate(new, 1))])


def problems_among(city: City, units: Units, touched: set[str]) -> list[UnitProblem]:
    """Return what is wrong with touched units and with those that lean on them."""
    leaning = {unit.id for unit in units.values() if unit.parent in touched or unit.successor in touched}
    return problems_of(units, touched | leaning, city.wards, city.coordinator)


def _refuse(units: Units, unit: str, today: date, problems: Iterable[UnitProblem]) -> None:
    own = [
        Problem(problem.field, problem.code, problem.params)
        if problem.unit == unit
        else Problem("", "unit_depends", {"unit": units[problem.unit].life_on(today).vi})
        for problem in problems
    ]
    if own:
        raise Refused(own)


def _not_over(since: date, today: date) -> None:
    if since < today:
        raise refuse("since", "unit_past", today=spoken(today))


def _nothing_planned(unit: DepartmentFact, since: date) -> None:
    later = planned_after(unit, since)
    if later is not None:
        raise refuse("since", "unit_planned", day=spoken(later))


@dataclass(frozen=True)
class Loose:
    """What still hangs on a unit: rules by their ids, people who may come in, open tickets, units below it."""

    rules: list[str]
    accounts: int
    tickets: int
    below: list[DepartmentFact]

    def __bool__(self) -> bool:
        """Whether anything does."""
        return bool(self.rules or self.accounts or self.tickets or self.below)


def loose_ends(session: Session, city: City, unit: DepartmentFact, day: date) -> Loose:
    """Return what hangs on a unit on a day and would have to go elsewhere when it is gone."""
    people = select(func.count(Account.id)).where(Account.department_id == unit.id, Account.disabled.is_(False))
    return Loose(
        rules=rules_naming(city.rules, unit, day),
        accounts=session.scalar(people) or 0,
        tickets=session.scalar(open_tickets(unit.id)) or 0,
        below=[on for other in city.departments.values() if (on := other.on(day)) and on.parent == unit.id],
    )


def open_tickets(unit: str) -> Select[int]:
    """Return the query that counts what a unit still has to do. Denunciations take part in no count."""
    return select(func.count(Ticket.id)).where(
        access.COUNTED, Ticket.department_id == unit, Ticket.status.in_(AWAITS_DEPARTMENT)
    )


def misfits(hotline: Hotline, session: Session) -> Iterator[str]:
    """Yield what is still with units that are gone, a sentence each with what to do."""
    city = hotline.standing.fresh(session)
    today = local_date(hotline, hotline.now())
    for unit, rules in still_named(city.rules, city.departments, today).items():
        heir = standing_in(city.departments, unit, today) or city.coordinator
        yield f"{unit} is gone and rules name it, {heir} acts instead: change rules.yaml ({', '.join(rules)})"
    for fact in city.departments.values():
        if fact.last_until(today) is None or fact.valid_on(today):
            continue
        loose = loose_ends(session, city, fact, today)
        if loose.accounts:
            yield f"{fact.id} is gone and {loose.accounts} accounts belong to it: move them at /admin/units/{fact.id}"
        if loose.tickets:
            yield f"{fact.id} is gone and has {loose.tickets} open tickets: `langnghe relay` passes them on"


def history(session: Session, unit: str) -> list[DepartmentChange]:
    """Return every line about a unit, newest first; empty for one that nobody has written of."""
    return book.lines(session, unit)[::-1]


def names_of(session: Session, written: Iterable[DepartmentChange]) -> dict[UUID | None, str]:
    """Return the names of those who wrote lines."""
    people = {line.actor_id for line in written if line.actor_id is not None}
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_(people)))
    return {row.id: row.display_name for row in rows}


def move_accounts(hotline: Hotline, account: Account, unit: str) -> int:
    """Move the people of a closed unit to its successor; return how many. Raises `Conflict` when there is none.

    What they had in hand stays where it is and is let go of: who has a ticket is of its unit.
    """
    with hotline.database.transaction() as session:
        city = hotline.standing.fresh(session)
        today = local_date(hotline, hotline.now())
        if unit not in city.departments:
            raise NotFound
        heir = city.heir(unit, today)
        if heir is None:
            raise Conflict([Problem("", "unit_no_heir")])
        people = session.scalars(
            select(Account).where(Account.department_id == unit, Account.disabled.is_(False)).with_for_update()
        ).all()
        now = hotline.now()
        for one in people:
            person.let_go_of_all(session, one.id, now)
            one.department_id = heir
            record(session, now, AuditKind.ACCOUNT_CHANGED, account=one.id, actor=account.id, detail=one.role)
        return len(people)
