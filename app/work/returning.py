"""Giving a ticket back as not ours: why, whose it is, and where it goes then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.assignment import assign, facts_of, local_date, release
from app.hotline import Hotline
from app.problems import Problem, Refused
from app.words import words_of
from models.account import Account
from models.return_reasons import OTHER, return_reasons
from models.returning import TicketReturn
from models.ticket import Assignment, Happening, Ticket
from models.vocabulary import AssignmentKind, Status
from models.workflow import AWAITS_COORDINATOR
from routing.city import City
from routing.rules import Decision, candidates
from routing.unitsearch import active_units, find_units

#: After so many returns the units have had their say and a coordinator decides.
RETURNS_MAX: Final = 2
#: So many units of a like name are offered to choose from.
OFFERED_MAX: Final = 8


@dataclass(frozen=True)
class Why:
    """Why a unit gives back, and whose it is in its opinion: a department's id, if it knows.

    `problems` are what is wrong with how it named that department.
    """

    reason_code: str = OTHER
    proposed: str | None = None
    problems: tuple[Problem, ...] = ()


#: A return that says why in words alone.
UNCODED: Final = Why()


@dataclass(frozen=True)
class Reason:
    """A reason that was checked, with the words beside it, if any."""

    code: str
    words: str | None
    proposed: str | None


@dataclass(frozen=True)
class Given:
    """Who gives back, why and when."""

    account: Account
    reason: Reason
    now: datetime


def checked(hotline: Hotline, account: Account, why: Why, typed: str) -> Reason:
    """Return the reason as it is stored; raises `Refused` with every field that cannot be taken."""
    problems = [*_code_problems(why.reason_code), *why.problems, *_unit_problems(hotline, account, why.proposed)]
    words = None
    reason = return_reasons().get(why.reason_code)
    try:
        if typed.strip() or (reason is not None and reason.needs_words):
            words = words_of("reason", typed)
    except Refused as refused:
        problems += refused.problems
    if problems:
        raise Refused(problems)
    return Reason(why.reason_code, words, why.proposed or None)


def _code_problems(code: str) -> Iterator[Problem]:
    if not code:
        yield Problem("reason_code", "required")
    elif code not in return_reasons():
        yield Problem("reason_code", "unknown_reason")


def _unit_problems(hotline: Hotline, account: Account, proposed: str | None) -> Iterator[Problem]:
    if not proposed:
        return
    if proposed == account.department_id:
        yield Problem("proposed_department", "own_department")
    else:
        yield from unit_problems(hotline, "proposed_department", proposed)


def unit_problems(hotline: Hotline, field: str, department_id: str) -> Iterator[Problem]:
    """Yield what is wrong with a unit that somebody named as one to act now."""
    if department_id not in hotline.city.departments:
        yield Problem(field, "unknown_department")
    elif all(fact.id != department_id for fact in active_units(hotline.city, local_date(hotline, hotline.now()))):
        yield Problem(field, "closed_department")


def unit_typed(hotline: Hotline, field: str, chosen: str, typed: str) -> tuple[str | None, tuple[Problem, ...]]:
    """Return the id of the unit that a form names, by the one chosen or by a typed name, which must be clear.

    Beside it what is wrong with a name that no unit has, or that several have.
    """
    if not typed.strip():
        return chosen or None, ()
    found = find_units(hotline.city, typed, local_date(hotline, hotline.now()))
    if len(found) == 1:
        return found[0].id, ()
    if chosen in {fact.id for fact in found}:
        return chosen, ()  # one of those that the page offered for this name
    code = "several_departments" if found else "unknown_department"
    return None, (Problem(field, code, {"n": len(found)} if found else {}),)


def give_back(hotline: Hotline, session: Session, ticket: Ticket, given: Given) -> None:
    """End the unit's part and send the ticket on: straight to whom the rules name too, or before a coordinator."""
    lead = open_assignment(session, ticket, AssignmentKind.LEAD, ticket.department_id)
    number = ticket.returns + 1
    data = {**keep(session, ticket, lead, given), "returns": number}
    happening = Happening("returned", given.now, given.account.id, internal_text=given.reason.words, data=data)
    ticket.transition(Status.RETURNED, happening)
    ticket.returns = number
    straight = _straight(hotline, ticket, given) if number == 1 else None
    release(session, ticket, given.now)
    if straight is not None:
        data = {
            "from": lead.department_id,
            "department": straight.lead,
            "coordinating": list(straight.coordinating),
            "rule": straight.rule_id,
            "rule_because": straight.because,
            "rule_because_en": straight.because_en,
        }
        ticket.transition(Status.ROUTED, Happening("rerouted", given.now, data=data))
        assign(hotline, session, ticket, straight, given.now)
    elif number >= RETURNS_MAX:
        ticket.transition(Status.NEEDS_REVIEW, Happening("needs_human", given.now, data={"reason": "returned_twice"}))


def open_assignment(session: Session, ticket: Ticket, kind: AssignmentKind, department_id: str | None) -> Assignment:
    """Return the open assignment of a unit that has one."""
    return session.scalars(
        select(Assignment).where(
            Assignment.ticket_id == ticket.id,
            Assignment.kind == kind,
            Assignment.department_id == department_id,
            Assignment.ended_at.is_(None),
        )
    ).one()


def keep(session: Session, ticket: Ticket, assignment: Assignment, given: Given) -> dict[str, Any]:
    """Write down that this assignment came back, and return what the history says of it."""
    session.add(
        TicketReturn(
            ticket_id=ticket.id,
            assignment_id=assignment.id,
            at=given.now,
            topic_slug=ticket.topic_slug,
            reason_code=given.reason.code,
            proposed_id=given.reason.proposed,
        )
    )
    return {
        "department": assignment.department_id,
        "reason": given.reason.code,
        "proposed": given.reason.proposed,
    }


def _straight(hotline: Hotline, ticket: Ticket, given: Given) -> Decision | None:
    """Return the rules' own decision for the unit that was proposed, if they name it; who gave back does not help."""
    own = given.account.department_id
    for decision in candidates(hotline.city, facts_of(hotline, ticket, given.now)):
        if decision.lead == given.reason.proposed:
            helpers = tuple(unit for unit in decision.coordinating if unit != own)
            return replace(decision, coordinating=helpers)
    return None


def likely_units(hotline: Hotline, ticket: Ticket, own: str | None) -> list[str]:
    """Return whose a ticket may be if not `own`'s, likeliest first: who the rules name, the ward's, the parent.

    Of what the rules name the most general comes first: the other of ward and city before the zones within.
    """
    city, now = hotline.city, hotline.now()
    decisions = candidates(city, facts_of(hotline, ticket, now))[::-1]
    named = [decision.lead for decision in decisions]
    helping = [unit for decision in decisions for unit in decision.coordinating]
    ward = [f"{prefix}-{ticket.ward_code}" for prefix in city.rules.per_ward] if ticket.ward_code else []
    found = dict.fromkeys([*named, *ward, *_parents(city, own), *helping])
    active = {fact.id for fact in active_units(city, local_date(hotline, now))}
    return [unit for unit in found if unit != own and unit in active][:OFFERED_MAX]


def _parents(city: City, own: str | None) -> list[str]:
    parent = city.departments[own].parent if own in city.departments else None
    return [parent] if parent else []


def proposal(session: Session, ticket: Ticket) -> TicketReturn | None:
    """Return the last return of a ticket that awaits a coordinator because of it, if it says whose it is."""
    return proposals(session, [ticket]).get(ticket.id)


def proposals(session: Session, tickets: Iterable[Ticket]) -> dict[UUID, TicketReturn]:
    """Return the `proposal` of each ticket that has one, by the ticket's id."""
    returned = [ticket.id for ticket in tickets if ticket.status in AWAITS_COORDINATOR and ticket.returns]
    if not returned:
        return {}
    query = (
        select(TicketReturn)
        .join(TicketReturn.assignment)
        .where(TicketReturn.ticket_id.in_(returned), Assignment.kind == AssignmentKind.LEAD)
        .order_by(TicketReturn.id)
        .options(selectinload(TicketReturn.proposed))
    )
    last = {back.ticket_id: back for back in session.scalars(query)}
    return {ticket_id: back for ticket_id, back in last.items() if back.proposed_id is not None}
