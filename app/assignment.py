"""Which departments must act on a ticket, and putting them in charge, with the deadlines that follow."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.hotline import Hotline
from models.ticket import Assignment, Deadline, Ticket
from models.vocabulary import UNCLEAR_TOPIC, AssignmentKind, DeadlineKind, SubmissionType
from routing.deadlines import due_dates
from routing.rules import Decision, Facts, decide


def decide_on(hotline: Hotline, ticket: Ticket, now: datetime) -> Decision:
    """Return which departments must act on a ticket as it is now known."""
    facts = Facts(
        topic=ticket.topic_slug,
        ward=ticket.ward_code,
        submission_type=(ticket.submission_type or SubmissionType.REPORT).value,
        urgency=ticket.urgency.value,
        text=" ".join(filter(None, (ticket.text, ticket.place_text))),
        on_date=local_date(hotline, now),
    )
    return decide(hotline.city, facts)


def local_date(hotline: Hotline, now: datetime) -> date:
    """Return the day it is in the city."""
    return now.astimezone(hotline.city.calendar.zone).date()


def assign(hotline: Hotline, session: Session, ticket: Ticket, decision: Decision, now: datetime) -> None:
    """End what assignments were open, open the decided ones, and set the deadlines a ticket does not have yet.

    A ticket that moves between departments keeps its deadlines: the clock runs for the citizen, not for the desk.
    """
    hand_over(session, ticket, decision, now)
    for helper in decision.coordinating:
        session.add(_assignment(ticket, helper, AssignmentKind.COORDINATING, decision, now))
    _set_deadlines(hotline, session, ticket, now)


def hand_over(session: Session, ticket: Ticket, decision: Decision, now: datetime) -> None:
    """Give a ticket to the decided lead alone, with no deadline: enough for what asks for nothing."""
    release(session, ticket, now)
    ticket.department_id = decision.lead
    session.add(_assignment(ticket, decision.lead, AssignmentKind.LEAD, decision, now))


def release(session: Session, ticket: Ticket, now: datetime) -> None:
    """Take a ticket out of every department's hands."""
    ticket.department_id = None
    open_ones = select(Assignment).where(Assignment.ticket_id == ticket.id, Assignment.ended_at.is_(None))
    for assignment in session.scalars(open_ones):
        assignment.ended_at = now
    session.flush()


def meet(session: Session, ticket: Ticket, now: datetime, *kinds: DeadlineKind) -> None:
    """Note that what these deadlines ask for has happened; the first time counts."""
    owed = select(Deadline).where(Deadline.ticket_id == ticket.id, Deadline.kind.in_(kinds), Deadline.met_at.is_(None))
    for deadline in session.scalars(owed):
        deadline.met_at = now


def _assignment(
    ticket: Ticket, department_id: str, kind: AssignmentKind, decision: Decision, now: datetime
) -> Assignment:
    return Assignment(
        ticket_id=ticket.id,
        department_id=department_id,
        kind=kind,
        rule_id=decision.rule_id,
        because=decision.because[:500],
        assigned_at=now,
    )


def _set_deadlines(hotline: Hotline, session: Session, ticket: Ticket, now: datetime) -> None:
    known = set(session.scalars(select(Deadline.kind).where(Deadline.ticket_id == ticket.id)))
    dues = due_dates(
        hotline.city,
        topic=ticket.topic_slug or UNCLEAR_TOPIC,
        urgency=ticket.urgency.value,
        submission_type=(ticket.submission_type or SubmissionType.REPORT).value,
        received_at=ticket.received_at,
    )
    for due in dues:
        if due.kind in known:
            continue
        met = now if due.kind is DeadlineKind.ACK else None  # being with a department is what `ack` asks for
        session.add(
            Deadline(
                ticket_id=ticket.id,
                kind=due.kind,
                due_at=due.due_at,
                met_at=met,
                calendar_version=due.calendar_version[:64],
            )
        )
        if due.kind is DeadlineKind.RESOLVE:
            ticket.resolve_due_at = due.due_at
