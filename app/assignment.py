"""Which departments must act on a ticket, and putting them in charge, with the deadlines that follow."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from app.deadlines import part_due, set_first
from app.hotline import Hotline
from models.coordination import Part
from models.reply import WaitingAnswer
from models.ticket import Assignment, Attachment, Deadline, Ticket
from models.vocabulary import AssignmentKind, DeadlineKind, PhotoOf, SubmissionType
from routing.place import Place, resolve_place
from routing.rules import Decision, Facts, decide


def decide_on(hotline: Hotline, ticket: Ticket, now: datetime) -> Decision:
    """Return which departments must act on a ticket as it is now known."""
    return decide(hotline.city, facts_of(hotline, ticket, now))


def facts_of(hotline: Hotline, ticket: Ticket, at: datetime) -> Facts:
    """Return what the rules look at, for the day on which the ticket is routed."""
    return Facts(
        topic=ticket.topic_slug,
        ward=ticket.ward_code,
        submission_type=(ticket.submission_type or SubmissionType.REPORT).value,
        urgency=ticket.urgency.value,
        text=" ".join(filter(None, (ticket.text, ticket.place_text))),
        on_date=local_date(hotline, at),
    )


def local_date(hotline: Hotline, now: datetime) -> date:
    """Return the day it is in the city."""
    return hotline.files.calendar.local_day(now)


def place_said(
    hotline: Hotline, said: tuple[str, str | None], pin: tuple[float | None, float | None], now: datetime
) -> Place:
    """Resolve the ward of (text, place as typed): from the place, else from the text itself, with the pin if any."""
    text, place_text = said
    on_date = local_date(hotline, now)
    if place_text:
        place = resolve_place(hotline.files, place_text, *pin, on_date)
        if place.candidates:
            return place
    return resolve_place(hotline.files, text, *pin, on_date)


def assign(hotline: Hotline, session: Session, ticket: Ticket, decision: Decision, now: datetime) -> None:
    """End what assignments were open, open the decided ones, and set the deadlines a ticket does not have yet.

    A ticket that moves between departments keeps its deadlines: the clock runs for the citizen, not for the desk.
    """
    hand_over(session, ticket, decision, now)
    set_first(hotline, session, ticket, now)
    for helper in decision.coordinating:
        involve(hotline, session, ticket, _assignment(ticket, helper, AssignmentKind.COORDINATING, decision, now))


def involve(hotline: Hotline, session: Session, ticket: Ticket, helper: Assignment) -> Part:
    """Add a co-ordinating assignment, with a deadline before the lead's."""
    due = part_due(hotline.city_in_force(session), ticket, helper)
    part = Part(assignment=helper, due_at=due.due_at, calendar_version=due.calendar_version[:64])
    session.add(part)
    return part


def hand_over(session: Session, ticket: Ticket, decision: Decision, now: datetime) -> None:
    """Give a ticket to the decided lead alone, with no deadline: enough for what asks for nothing."""
    release(session, ticket, now)
    ticket.department_id = decision.lead
    session.add(_assignment(ticket, decision.lead, AssignmentKind.LEAD, decision, now))


def release(session: Session, ticket: Ticket, now: datetime) -> None:
    """Take a ticket out of every department's hands, and out of those of its person."""
    let_go(session, ticket)
    ticket.department_id = None
    open_ones = select(Assignment).where(Assignment.ticket_id == ticket.id, Assignment.ended_at.is_(None))
    ended = session.scalars(open_ones).all()
    for assignment in ended:
        assignment.ended_at = now
    if ended:
        session.flush()  # the database lets a ticket have one open lead at a time


def let_go(session: Session, ticket: Ticket) -> None:
    """Leave behind what is of the people of one department: the ticket goes to another, or to none."""
    ticket.assignee_id = None
    drop_waiting(session, ticket)


def drop_waiting(session: Session, ticket: Ticket) -> None:
    """Forget an answer that was not sent, with its photos; what was written of it stays in the history."""
    session.execute(delete(WaitingAnswer).where(WaitingAnswer.ticket_id == ticket.id))
    session.execute(delete(Attachment).where(unsent(ticket)).execution_options(synchronize_session=False))
    session.expire(ticket, ["attachments"])


def unsent(ticket: Ticket) -> ColumnElement[bool]:
    """Return the condition for a photo that lies beside an answer to this ticket which is not sent yet."""
    return and_(Attachment.ticket_id == ticket.id, Attachment.shows != PhotoOf.REPORT, Attachment.event_id.is_(None))


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
