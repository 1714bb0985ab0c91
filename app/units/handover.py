"""What becomes of the work of a unit that is gone: its successor has it, or a coordinator decides.

Time does it, in the relay. Which units are gone is in the book, which tickets are still with them in their rows: so
two relays, or one that comes days late, do each exactly once.
"""

from datetime import date, datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.assignment import involve, let_go, local_date, release
from app.hotline import Hotline
from app.units import book
from models.coordination import Part
from models.outbox import InstallationMark
from models.ticket import Assignment, Happening, Ticket
from models.vocabulary import AssignmentKind, Status
from models.workflow import AWAITS_DEPARTMENT
from routing.city import City

#: The mark that says of which edition and day the page of today is.
PAGE: Final = "units_page"
#: What stands in the place of a rule where a unit has a ticket because it succeeded another.
SUCCESSOR: Final = "successor"


def advance(hotline: Hotline, session: Session, now: datetime, *, limit: int = 200) -> int:
    """Turn the page of today when it is another day, and pass on what closed units still hold; return how much."""
    day = local_date(hotline, now)
    _turn(session, day)
    city = hotline.standing.fresh(session)
    gone = {
        unit.id: city.heir(unit.id, day)
        for unit in city.departments.values()
        if not unit.valid_on(day) and unit.last_until(day) is not None
    }
    if not gone:
        return 0
    leads = _leads(session, gone, limit)
    for ticket in leads:
        _pass_on(session, city, ticket, gone, now)
    return len(leads) + _helpers(hotline, session, gone, now, limit)


def _turn(session: Session, day: date) -> None:
    wanted = f"{book.edition(session)}@{day.isoformat()}"
    if session.scalar(select(InstallationMark.value).where(InstallationMark.name == PAGE)) == wanted:
        return
    book.lock(session)
    book.turn_page(session, book.read(session), day)
    session.merge(InstallationMark(name=PAGE, value=f"{book.edition(session)}@{day.isoformat()}"))
    session.flush()


def _leads(session: Session, gone: dict[str, str | None], limit: int) -> list[Ticket]:
    # A question to the citizen waits where it is when nobody has taken over: they may still answer it.
    inherited = [unit for unit, heir in gone.items() if heir is not None]
    query = select(Ticket).where(
        Ticket.department_id.in_(gone),
        Ticket.status.in_(AWAITS_DEPARTMENT),
        or_(Ticket.status != Status.INFO_REQUESTED, Ticket.department_id.in_(inherited)),
    )
    return list(session.scalars(query.order_by(Ticket.id).limit(limit).with_for_update(of=Ticket, skip_locked=True)))


def _pass_on(session: Session, city: City, ticket: Ticket, gone: dict[str, str | None], now: datetime) -> None:
    old = ticket.department_id or ""
    heir = gone[old]
    data = {"from": old, "to": heir}
    if heir is not None:
        ticket.happened(Happening("handed_over", now, data=data))
        before, after = (city.departments[unit].life_on(city.calendar.local_day(now)) for unit in (old, heir))
        _succeed(session, ticket, heir, f"{before.vi} không còn hoạt động; {after.vi} kế nhiệm.", now)
    elif ticket.status is Status.REOPENED:
        ticket.happened(Happening("unit_closed", now, data=data))
        release(session, ticket, now)  # reopened and with nobody: that is the coordinators' already
    else:
        ticket.transition(Status.RETURNED, Happening("unit_closed", now, data=data))
        release(session, ticket, now)


def _succeed(session: Session, ticket: Ticket, heir: str, because: str, now: datetime) -> None:
    """Let the successor lead. Who helps goes on helping, with what it has told, but for the successor itself."""
    over = select(Assignment).where(
        Assignment.ticket_id == ticket.id,
        Assignment.ended_at.is_(None),
        or_(Assignment.kind == AssignmentKind.LEAD, Assignment.department_id == heir),
    )
    for assignment in session.scalars(over).all():
        assignment.ended_at = now
    session.flush()  # the database lets a ticket have one open lead at a time
    let_go(ticket)
    ticket.department_id = heir
    session.add(
        Assignment(
            ticket_id=ticket.id,
            department_id=heir,
            kind=AssignmentKind.LEAD,
            rule_id=SUCCESSOR,
            because=because[:500],
            assigned_at=now,
        )
    )


def _helping(session: Session, ticket: Ticket) -> list[str]:
    query = select(Assignment.department_id).where(
        Assignment.ticket_id == ticket.id,
        Assignment.kind == AssignmentKind.COORDINATING,
        Assignment.ended_at.is_(None),
    )
    return list(session.scalars(query))


def _helpers(hotline: Hotline, session: Session, gone: dict[str, str | None], now: datetime, limit: int) -> int:
    """Let the successors of closed units do the parts that those still owe."""
    query = (
        select(Assignment, Ticket)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .join(Part, Part.assignment_id == Assignment.id)
        .where(
            Part.done_at.is_(None),
            Assignment.ended_at.is_(None),
            Assignment.department_id.in_(gone),
            Ticket.status.in_(AWAITS_DEPARTMENT),
        )
    )
    rows = session.execute(query.limit(limit).with_for_update(skip_locked=True)).all()
    for assignment, ticket in rows:
        heir = gone[assignment.department_id]
        assignment.ended_at = now
        data = {"from": assignment.department_id, "to": heir}
        ticket.happened(Happening("helper_changed", now, data=data))
        if heir is not None and heir != ticket.department_id and heir not in _helping(session, ticket):
            helper = Assignment(
                ticket_id=ticket.id,
                department_id=heir,
                kind=AssignmentKind.COORDINATING,
                rule_id=SUCCESSOR,
                because=assignment.because,
                assigned_at=now,
            )
            involve(hotline, session, ticket, helper)
        session.flush()
    return len(rows)
