"""Several units on one ticket: each helper tells the lead its part, the lead alone answers the citizen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVarTuple

from sqlalchemy import Boolean, ColumnElement, Select, and_, func, literal_column, select, true, tuple_
from sqlalchemy.orm import Session, joinedload

from app import access, pagekey
from app.assignment import involve
from app.deadlines import touch
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, Refused, refuse
from app.words import words_of
from app.work.returning import UNCODED, Given, Why, checked, keep, open_assignment, unit_problems
from app.work.service import PAGE, Step, move
from models.account import Account
from models.coordination import Part
from models.ticket import Assignment, Happening, Ticket
from models.vocabulary import AssignmentKind, Role
from models.workflow import AWAITS_DEPARTMENT

Ts = TypeVarTuple("Ts")

#: What the lead asks of a helper, or why a helper is taken out: a sentence or two.
REQUEST_MAX: Final = 500


@dataclass(frozen=True)
class Owed:
    """A part with the ticket that it is part of."""

    ticket: Ticket
    part: Part


@dataclass(frozen=True)
class OwedPage:
    """Part of a list, soonest due first; `after` is the key of the next part, None at the end."""

    rows: list[Owed]
    after: str | None


def parts_of(session: Session, ticket: Ticket) -> list[Part]:
    """Return the parts of every unit that helps now, in the order in which they were asked."""
    return list(session.scalars(_open_parts().where(Assignment.ticket_id == ticket.id).order_by(Assignment.id)))


def _open_parts() -> Select[Part]:
    return (
        select(Part)
        .join(Part.assignment)
        .where(Assignment.kind == AssignmentKind.COORDINATING, Assignment.ended_at.is_(None))
        .options(joinedload(Part.assignment).joinedload(Assignment.department))
    )


def consolidated(parts: Sequence[Part], name: Callable[[Assignment], str]) -> str:
    """Return the contributions as a first draft of the one reply that the lead writes."""
    said = [f"{name(part.assignment)}: {part.contribution}" for part in parts if part.contribution]
    return "\n\n".join(said)


def actions(account: Account, ticket: Ticket, parts: Sequence[Part]) -> set[str]:
    """Return what this person may do about the helpers, or as one of them, as the ticket stands."""
    if ticket.status not in AWAITS_DEPARTMENT or ticket.department_id is None:
        return set()
    may: set[str] = set()
    if _may_involve(account, ticket):
        may.add("involve")
    if account.role is Role.COORDINATOR and parts:
        may.add("release-part")
    own = next((part for part in parts if part.assignment.department_id == account.department_id), None)
    if account.role in access.WORKERS and own is not None:
        may |= {"contribute", "return-part"}
    return may


def _may_involve(account: Account, ticket: Ticket) -> bool:
    return account.role is Role.COORDINATOR or access.may_work(account, ticket)


def contribute(hotline: Hotline, account: Account, step: Step, *, done: bool) -> Ticket:
    """Tell the lead what the own unit has done or found; the citizen does not see it. Told again, the last counts."""
    words = words_of("contribution", step.text)

    def tell(_session: Session, ticket: Ticket, part: Part, now: datetime) -> None:
        part.contribution = words
        finished = done or part.done_at is not None
        part.done_at = part.done_at or (now if done else None)
        data = {"department": account.department_id, "done": finished, "late": part.late(now)}
        ticket.happened(Happening("part_contributed", now, account.id, internal_text=words, data=data))

    return _own_part(hotline, account, step, "contribute", tell)


def return_part(hotline: Hotline, account: Account, step: Step, why: Why = UNCODED) -> Ticket:
    """Say that there is nothing to do for the own unit; the lead goes on without it."""
    reason = checked(hotline, account, why, step.text)

    def give_back(session: Session, ticket: Ticket, part: Part, now: datetime) -> None:
        data = keep(session, ticket, part.assignment, Given(account, reason, now))
        part.assignment.ended_at = now
        ticket.happened(Happening("part_returned", now, account.id, internal_text=reason.words, data=data))

    return _own_part(hotline, account, step, "return-part", give_back)


def ask_unit(
    hotline: Hotline, account: Account, step: Step, department_id: str, unclear: tuple[Problem, ...] = ()
) -> Ticket:
    """Ask a further unit to help, or one that has told its part to help once more; the lead's or a coordinator's.

    `unclear` is what is wrong with how the unit was named, if it could not be told which one is meant.
    """
    problems = list(unclear)
    if department_id:
        problems += unit_problems(hotline, "department", department_id)
    elif not unclear:
        problems.append(Problem("department", "required"))
    request = _words_beside(problems, "request", step.text)

    def ask(session: Session, ticket: Ticket, parts: list[Part], now: datetime) -> None:
        if department_id == ticket.department_id:
            raise refuse("department", "own_department")
        before = next((part for part in parts if part.assignment.department_id == department_id), None)
        if before is not None and before.done_at is None:
            raise refuse("department", "helps_already")
        if before is not None:
            before.assignment.ended_at = now
            session.flush()  # the unit helps but once at a time, and the database looks after that
        helper = Assignment(
            ticket_id=ticket.id,
            department_id=department_id,
            kind=AssignmentKind.COORDINATING,
            because=request,
            assigned_at=now,
        )
        part = involve(hotline, session, ticket, helper)
        data = {"department": department_id, "due_at": part.due_at.isoformat()}
        ticket.happened(Happening("part_asked", now, account.id, internal_text=request, data=data))

    return _about_parts(hotline, account, step, "involve", ask)


def release_part(hotline: Hotline, account: Account, step: Step, department_id: str) -> Ticket:
    """Let a unit help no longer (coordinators)."""
    problems: list[Problem] = [] if department_id else [Problem("department", "required")]
    reason = _words_beside(problems, "reason", step.text)

    def take_out(session: Session, ticket: Ticket, parts: list[Part], now: datetime) -> None:
        if all(part.assignment.department_id != department_id for part in parts):
            raise refuse("department", "helps_not")
        assignment = open_assignment(session, ticket, AssignmentKind.COORDINATING, department_id)
        assignment.ended_at = now
        data = {"department": department_id}
        ticket.happened(Happening("part_released", now, account.id, internal_text=reason, data=data))

    return _about_parts(hotline, account, step, "release-part", take_out)


def _words_beside(problems: list[Problem], field: str, typed: str) -> str:
    """Return the words, or raise `Refused` with what is wrong with them and what was wrong before."""
    try:
        words = words_of(field, typed, REQUEST_MAX)
    except Refused as refused:
        raise Refused([*problems, *refused.problems]) from None
    if problems:
        raise Refused(problems)
    return words


def _own_part(
    hotline: Hotline,
    account: Account,
    step: Step,
    action: str,
    change: Callable[[Session, Ticket, Part, datetime], None],
) -> Ticket:
    def checked_(session: Session, ticket: Ticket, parts: list[Part], now: datetime) -> None:
        own = next(part for part in parts if part.assignment.department_id == account.department_id)
        change(session, ticket, own, now)

    def find(session: Session) -> Ticket:
        ticket = access.find_ticket(session, account, step.ticket_id, lock=True)
        helping = {part.assignment.department_id for part in parts_of(session, ticket)}
        if account.role not in access.WORKERS or account.department_id not in helping:
            raise NotFound
        return ticket

    return _changed(hotline, account, step, action, find, checked_)


def _about_parts(
    hotline: Hotline,
    account: Account,
    step: Step,
    action: str,
    change: Callable[[Session, Ticket, list[Part], datetime], None],
) -> Ticket:
    def find(session: Session) -> Ticket:
        ticket = access.find_ticket(session, account, step.ticket_id, lock=True)
        if account.role is not Role.COORDINATOR and (action == "release-part" or not access.may_work(account, ticket)):
            raise NotFound
        return ticket

    return _changed(hotline, account, step, action, find, change)


def _changed(
    hotline: Hotline,
    account: Account,
    step: Step,
    action: str,
    find: Callable[[Session], Ticket],
    change: Callable[[Session, Ticket, list[Part], datetime], None],
) -> Ticket:
    def act(session: Session, ticket: Ticket, now: datetime) -> None:
        parts = parts_of(session, ticket)
        if action not in actions(account, ticket, parts):
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        change(session, ticket, parts, now)
        # Whoever has the page open has not seen this: the lead shall not answer without it.
        touch(ticket)

    return move(hotline, step, find, act)


def owed(session: Session, account: Account, after: str | None = None) -> OwedPage:
    """Return the parts that this account's unit owes; coordinators and auditors see every unit's."""
    return _listed(session, (access.visible_to(account), _mine(account)), after)


def late_for(session: Session, account: Account, now: datetime, after: str | None = None) -> OwedPage:
    """Return the parts that others owe too late to the tickets that this account's unit leads."""
    led = access.queued_for(account)
    return _listed(session, (led, Part.due_at < now), after)


@dataclass(frozen=True)
class Counts:
    """How many parts the own unit owes, and how many others owe it too late."""

    owed: int
    late: int


def counts(session: Session, account: Account, now: datetime) -> Counts:
    """Count what the two lists hold."""
    led = (access.queued_for(account), Part.due_at < now)
    return Counts(_count_own(session, account), _count(session, led))


def _count_own(session: Session, account: Account) -> int:
    """Count the parts that a unit owes, which are few, beginning with what it helps with.

    Behind the wall PostgreSQL would else look first at all parts that the whole city owes, each by the wall's own
    condition; OFFSET keeps it from making a join of the question.
    """
    if account.role not in access.WORKERS:
        return _count(session, (access.visible_to(account),))
    still = select(Part.assignment_id).where(Part.assignment_id == Assignment.id, Part.done_at.is_(None)).offset(0)
    helping = select(Assignment.ticket_id).where(_mine(account), Assignment.ended_at.is_(None), still.exists())
    tickets = helping.cte("helping").prefix_with("MATERIALIZED")
    found = select(func.count()).select_from(Ticket).join(tickets, tickets.c.ticket_id == Ticket.id)
    return session.scalar(found.where(Ticket.status.in_(AWAITS_DEPARTMENT), access.visible_to(account))) or 0


def _count(session: Session, conditions: tuple[ColumnElement[bool], ...]) -> int:
    return session.scalar(_owing(select(func.count()).select_from(Ticket), conditions)) or 0


def _mine(account: Account) -> ColumnElement[bool]:
    if account.role not in access.WORKERS:
        return true()
    helps = literal_column("assignment.kind = 'coordinating'", Boolean)  # as the index of open parts says it
    return and_(helps, Assignment.department_id == account.department_id)


def _owing(query: Select[*Ts], conditions: tuple[ColumnElement[bool], ...]) -> Select[*Ts]:
    """Narrow a query of tickets to the parts that somebody still owes."""
    return (
        query.join(Assignment, Assignment.ticket_id == Ticket.id)
        .join(Part, Part.assignment_id == Assignment.id)
        .where(
            Assignment.ended_at.is_(None),
            Part.done_at.is_(None),
            Ticket.status.in_(AWAITS_DEPARTMENT),
            *conditions,
        )
    )


def _listed(session: Session, conditions: tuple[ColumnElement[bool], ...], after: str | None) -> OwedPage:
    key = (Part.due_at, Part.assignment_id)
    last = _read_key(after)
    rows = session.execute(
        _owing(select(Ticket, Part), conditions)
        .where(tuple_(*key) > last if last is not None else true())
        .options(
            joinedload(Ticket.topic),
            joinedload(Ticket.ward),
            joinedload(Ticket.department),
            joinedload(Part.assignment).joinedload(Assignment.department),
        )
        .order_by(*key)
        .limit(PAGE + 1)
    ).all()
    found = [Owed(ticket, part) for ticket, part in rows[:PAGE]]
    return OwedPage(found, _write_key(found[-1].part) if len(rows) > PAGE else None)


def _write_key(part: Part) -> str:
    return f"{part.due_at.isoformat()}_{part.assignment_id}"


def _read_key(after: str | None) -> tuple[datetime, int] | None:
    """Return (due, id) of the last row that was shown; raise `NotFound` for a key that we never gave."""
    if not after:
        return None
    try:
        due, number = after.split("_")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise NotFound
        return pagekey.moment(due), int(number)
    except ValueError:
        raise NotFound from None
