"""The laws that hold whatever was killed, flushed or restarted, and the reconciler of photos."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.access import KEPT_APART
from app.hotline import Hotline
from app.search import can_be_found
from models.account import Account
from models.coordination import Part
from models.extension import Extension
from models.incident import Incident, Proposal
from models.letter import Letter
from models.notice import Notice
from models.outbox import OutboxEntry
from models.reply import WaitingAnswer
from models.returning import TicketReturn
from models.sealed import SealedContent
from models.ticket import Assignment, Attachment, Contact, Deadline, Feedback, PastDeadline, Ticket, TicketEvent
from models.vocabulary import AssignmentKind, DeadlineKind, ExtensionState, NoticeAudience, NoticeStage, PhotoOf, Status
from models.workflow import ALLOWED, AWAITS_DEPARTMENT

#: A photo without a row may be one whose report is being filed just now.
STRAY_AFTER: Final = 3600
SHOWN: Final = 5


def violations(session: Session) -> list[str]:
    """Return every law that some ticket or incident breaks, a sentence each with a few ids; none: a sound database."""
    tickets = [(law, "tickets", select(Ticket.id).where(broken)) for law, broken in _laws()]
    groups = [(law, "incidents", select(Incident.id).where(broken)) for law, broken in _incident_laws()]
    return [
        f"{law}: {len(found)} {things}, such as {', '.join(sorted(str(i) for i in found[:SHOWN]))}"
        for law, things, breaking in [*tickets, *groups]
        if (found := list(session.scalars(breaking.limit(1000))))
    ]


def _laws() -> Iterator[tuple[str, ColumnElement[bool]]]:
    yield "a ticket has exactly one received event", _count(TicketEvent.kind == "received") != 1
    yield "a ticket was triaged at most once", _count(TicketEvent.kind == "triaged") > 1
    owed = select(func.count(OutboxEntry.id)).where(OutboxEntry.ticket_id == Ticket.id, OutboxEntry.kind == "triage")
    yield "a ticket has exactly one triage job", owed.scalar_subquery() != 1
    unsettled = exists().where(
        OutboxEntry.ticket_id == Ticket.id, OutboxEntry.done_at.is_(None), OutboxEntry.given_up_at.is_(None)
    )
    yield "a ticket still to be understood has a job that is owed", and_(Ticket.status == Status.RECEIVED, ~unsettled)
    lead = and_(
        Assignment.ticket_id == Ticket.id, Assignment.kind == AssignmentKind.LEAD, Assignment.ended_at.is_(None)
    )
    leads = exists().where(lead, Assignment.department_id == Ticket.department_id)
    yield "a ticket with a department has that one lead", and_(Ticket.department_id.is_not(None), ~leads)
    yield "a ticket without a department has no lead", and_(Ticket.department_id.is_(None), exists().where(lead))
    yield from _laws_of_helpers()
    yield from _laws_of_returns()
    held = AWAITS_DEPARTMENT - {Status.REOPENED}
    yield "a ticket that awaits a department has one", and_(Ticket.status.in_(held), Ticket.department_id.is_(None))
    pairs = [
        and_(TicketEvent.from_status == here, TicketEvent.to_status.in_(there))
        for here, there in ALLOWED.items()
        if there
    ]
    moved = and_(TicketEvent.ticket_id == Ticket.id, TicketEvent.to_status.is_not(None))
    yield "every move is one that the status table allows", exists().where(moved, ~or_(*pairs))
    yield "every move begins where the one before it led", exists().where(moved, _astray())
    last = (
        select(TicketEvent.to_status)
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.to_status.is_not(None))
        .order_by(TicketEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    yield from _laws_of_the_vault()
    yield "the status is where the last move led", func.coalesce(last, Status.RECEIVED.value) != Ticket.status
    yield from _promises()
    yield from _laws_of_answers()
    seen, found = and_(Ticket.status != Status.RECEIVED, ~KEPT_APART), can_be_found()
    yield "what staff may see can be found, and nothing else", or_(and_(seen, ~found), and_(~seen, found))
    yield "a merged ticket is of an incident", and_(Ticket.status == Status.MERGED, Ticket.incident_id.is_(None))


def _laws_of_answers() -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Yield the laws of who works on a ticket, and of what is not said to its citizen yet."""
    strange = exists().where(
        Account.id == Ticket.assignee_id, Account.department_id.is_distinct_from(Ticket.department_id)
    )
    yield "who has a ticket is of its unit", and_(Ticket.assignee_id.is_not(None), strange)
    unsent = exists().where(WaitingAnswer.ticket_id == Ticket.id)
    in_work = Ticket.status.in_((Status.IN_PROGRESS, Status.INFO_REQUESTED))
    yield "an answer waits only while its unit works on the ticket", and_(unsent, ~in_work)
    photos = and_(Attachment.ticket_id == Ticket.id, Attachment.shows != PhotoOf.REPORT)
    loose = exists().where(photos, Attachment.event_id.is_(None))
    yield "what a unit shows is in an answer, or waits with one", and_(loose, ~unsent)


def _promises() -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Yield the laws of deadlines and of what was told of them."""
    resolve = and_(Deadline.ticket_id == Ticket.id, Deadline.kind == DeadlineKind.RESOLVE)
    other = or_(Ticket.resolve_due_at.is_(None), Ticket.resolve_due_at != Deadline.due_at)
    yield "a ticket shows the date of its deadline", and_(~KEPT_APART, exists().where(resolve, other))
    paused = exists().where(Deadline.ticket_id == Ticket.id, Deadline.paused_at.is_not(None))
    yield "a clock stands still only while a citizen is asked", and_(paused, Ticket.status != Status.INFO_REQUESTED)
    granted = exists().where(Extension.ticket_id == Ticket.id, Extension.state == ExtensionState.APPROVED)
    extended = _count(TicketEvent.kind == "extended")
    yield "more time that was granted was told its citizen once", extended != case((granted, 1), else_=0)
    before = and_(PastDeadline.ticket_id == Ticket.id, PastDeadline.kind == DeadlineKind.RESOLVE)
    promised_before = select(func.count(PastDeadline.id)).where(before).correlate(Ticket).scalar_subquery()
    longer = exists().where(resolve, Deadline.term != extended + promised_before)
    yield "a deadline has as many terms as extensions were granted and answers reopened", longer
    reopened = exists().where(TicketEvent.ticket_id == Ticket.id, TicketEvent.to_status == Status.REOPENED)
    yield "something was promised before only where a ticket was reopened", and_(exists().where(before), ~reopened)
    promised = exists().where(Deadline.ticket_id == Ticket.id, Deadline.committed_at.is_not(None))
    reports = _count(TicketEvent.kind == "progress")
    yield "a date that a unit has promised is in a progress report", and_(promised, reports == 0)
    told = and_(Notice.ticket_id == Ticket.id, Notice.skipped.is_(False))
    later = aliased(Notice)
    together = exists().where(
        later.deadline_id == Notice.deadline_id, later.at == Notice.at, later.id != Notice.id,
        later.skipped.is_(False), later.stage != NoticeStage.EXTENSION, Notice.stage != NoticeStage.EXTENSION,
    )  # fmt: skip
    yield "of stages that came at once one was sent", exists().where(told, together)
    secret = and_(Notice.ticket_id == Ticket.id, Notice.audience != NoticeAudience.CLEARED, Notice.at > _sealed_at())
    yield "a sealed ticket is told of to nobody but cleared coordinators", and_(KEPT_APART, exists().where(secret))


def _sealed_at() -> ColumnElement[datetime]:
    sealed = and_(TicketEvent.ticket_id == Ticket.id, TicketEvent.to_status == Status.SEALED)
    return select(func.max(TicketEvent.at)).where(sealed).scalar_subquery()  # it may have been released in between


def _laws_of_helpers() -> Iterator[tuple[str, ColumnElement[bool]]]:
    own = Assignment.ticket_id == Ticket.id
    helps = and_(own, Assignment.kind == AssignmentKind.COORDINATING)
    part = exists().where(Part.assignment_id == Assignment.id)
    missing = and_(Assignment.kind == AssignmentKind.COORDINATING, ~part)
    strange = and_(Assignment.kind == AssignmentKind.LEAD, part)
    yield "who helps, and they alone, have a part", exists().where(own, or_(missing, strange))
    open_help = and_(helps, Assignment.ended_at.is_(None))
    yield "who leads does not help", exists().where(open_help, Assignment.department_id == Ticket.department_id)
    yield "a ticket that nobody leads has no helpers", and_(Ticket.department_id.is_(None), exists().where(open_help))


def _laws_of_returns() -> Iterator[tuple[str, ColumnElement[bool]]]:
    returned = and_(TicketReturn.ticket_id == Ticket.id, TicketReturn.assignment_id == Assignment.id)
    led = (
        select(func.count(TicketReturn.id))
        .select_from(TicketReturn)
        .join(Assignment, Assignment.id == TicketReturn.assignment_id)
        .where(TicketReturn.ticket_id == Ticket.id, Assignment.kind == AssignmentKind.LEAD)
        .scalar_subquery()
    )
    yield "a ticket came back as often as it says", led != Ticket.returns
    running = or_(Assignment.ended_at.is_(None), Assignment.ticket_id != Ticket.id)
    yield "what a unit gave back it has no more", exists().where(returned, running)


def _incident_laws() -> Iterator[tuple[str, ColumnElement[bool]]]:
    """The database itself sees to it that an incident has no two leads."""
    of_it = select(func.count(Ticket.id)).where(Ticket.incident_id == Incident.id)
    leads = of_it.where(Ticket.status != Status.MERGED).scalar_subquery()
    joined = Incident.joined_into_id.is_not(None)
    yield "an incident has a lead that is not merged", and_(~joined, leads != 1)
    yield "an incident counts its reports", Incident.reports != of_it.scalar_subquery()
    beyond = aliased(Incident)
    further = exists().where(beyond.id == Incident.joined_into_id, beyond.joined_into_id.is_not(None))
    yield "an incident is joined to one that stands", and_(joined, further)


def _laws_of_the_vault() -> Iterator[tuple[str, ColumnElement[bool]]]:
    locked = exists().where(SealedContent.ticket_id == Ticket.id)
    yield "a denunciation is in the vault", and_(KEPT_APART, ~locked)
    yield "only denunciations are in the vault", and_(~KEPT_APART, locked)
    named = or_(
        Ticket.incident_id.is_not(None), Ticket.joins_id.is_not(None), exists().where(Proposal.ticket_id == Ticket.id)
    )
    yield "a denunciation is of no incident and proposed for none", and_(KEPT_APART, named)
    said = or_(
        Ticket.text != "",
        Ticket.search_text != "",
        *(column.is_not(None) for column in (Ticket.place_text, Ticket.lat, Ticket.lon)),
        *(column.is_not(None) for column in (Ticket.topic_slug, Ticket.ward_code, Ticket.resolve_due_at)),
        *(column.is_not(None) for column in (Ticket.street, Ticket.cell)),
        *(exists().where(table.ticket_id == Ticket.id) for table in (Contact, Attachment, Letter, Feedback)),
        exists().where(Assignment.ticket_id == Ticket.id, Part.assignment_id == Assignment.id, Part.contribution != ""),
        exists().where(
            Assignment.ticket_id == Ticket.id, or_(Assignment.rule_id.is_not(None), Assignment.because.is_not(None))
        ),
        exists().where(TicketReturn.ticket_id == Ticket.id, TicketReturn.topic_slug.is_not(None)),
        exists().where(
            TicketEvent.ticket_id == Ticket.id,
            or_(TicketEvent.public_text.is_not(None), TicketEvent.internal_text.is_not(None)),
        ),
    )
    yield "what a denunciation says is nowhere but in the vault", and_(KEPT_APART, locked, said)


def _astray() -> ColumnElement[bool]:
    """Return the condition for a move from elsewhere than where the ticket stood: two that overtook each other."""
    before = aliased(TicketEvent)
    led = (
        select(before.to_status)
        .where(before.ticket_id == TicketEvent.ticket_id, before.id < TicketEvent.id, before.to_status.is_not(None))
        .order_by(before.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    stood = func.coalesce(led, Status.RECEIVED.value)
    return or_(TicketEvent.from_status.is_(None), TicketEvent.from_status != stood)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    of_it = select(func.count(TicketEvent.id)).where(TicketEvent.ticket_id == Ticket.id, condition)
    return of_it.correlate(Ticket).scalar_subquery()  # also from within another condition


def assert_consistent(session: Session) -> None:
    """Raise `AssertionError` naming every broken law."""
    broken = violations(session)
    if broken:
        raise AssertionError("\n".join(broken))


def reconcile(hotline: Hotline) -> tuple[int, int]:
    """Remove photos that no ticket names, left by a crash between file and commit; return (removed, missing).

    A photo younger than an hour is left alone: its report may be being filed just now.
    """
    folder = hotline.settings.attachments
    with hotline.database.reading() as session:
        known = {photo.hex for photo in session.scalars(select(Attachment.id))}
    removed = 0
    found = set()
    for path in folder.glob("*/*") if folder.is_dir() else ():
        if path.suffix == ".jpg" and path.stem in known:
            found.add(path.stem)
        elif time.time() - path.stat().st_mtime > STRAY_AFTER:
            path.unlink()
            removed += 1
    return removed, len(known - found)
