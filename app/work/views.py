"""A department's pages: the queue, and one ticket with what may be done to it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors, incidents, nearby, wording
from app.accounts.session import required
from app.current import hotline, staff
from app.highlight import marked
from app.i18n import language
from app.intake.photos import path_of
from app.intake.views import grouped_errors
from app.knowledge import service as knowledge
from app.praise import service as praise
from app.problems import Conflict, NotFound, Refused
from app.review.service import evidence
from app.work import service
from app.work.service import Step
from models.account import Account
from models.ticket import Contact, Ticket, TicketEvent
from models.vocabulary import Role, Status, SubmissionType, Urgency
from models.workflow import OPEN

work = Blueprint("work", __name__, url_prefix="/work")

readers = required(*access.READERS)
workers = required(*access.WORKERS)


@dataclass(frozen=True)
class Row:
    """One line of a queue."""

    id: UUID
    excerpt: str
    topic: Any
    ward: Any
    place: str | None
    status: Status
    due_at: Any
    urgency: Urgency
    received_at: Any
    department: Any
    submission_type: SubmissionType | None
    reason: str | None = None
    confidence: float | None = None
    reports: int = 1


def row_of(ticket: Ticket, reason: str | None = None, confidence: float | None = None) -> Row:
    """Return a ticket as a line."""
    ward = SimpleNamespace(vi=ticket.ward.name, en=ticket.ward.name) if ticket.ward else None
    return Row(
        id=ticket.id,
        excerpt=" ".join(ticket.text.split())[:160],
        topic=ticket.topic,
        ward=ward,
        place=ticket.place_text,
        status=ticket.status,
        due_at=ticket.resolve_due_at,
        urgency=ticket.urgency,
        received_at=ticket.received_at,
        department=ticket.department,
        submission_type=ticket.submission_type,
        reason=reason,
        confidence=confidence,
        reports=ticket.incident.reports if ticket.incident else 1,
    )


@work.get("")
@readers
def queue() -> str:
    """Show what awaits the department, overdue first."""
    account = staff()
    after = request.args.get("after")
    with hotline().database.reading() as session:
        page = service.queue(session, account, after)
        counts = service.counts(session, account, hotline().now())
        rows = [row_of(ticket) for ticket in page.tickets]
        praises = [row_of(ticket) for ticket in praise.recent(session, account)]
    return render_template(
        "work/queue.html",
        rows=rows,
        counts=counts,
        praises=praises,
        title_department=account.department,
        next_page=url_for("work.queue", after=page.after) if page.after else None,
    )


@work.get("/<uuid:ticket_id>")
@readers
def ticket(ticket_id: UUID) -> str:
    """Show one ticket."""
    return ticket_page(staff(), ticket_id)


@work.get("/<uuid:ticket_id>/photos/<uuid:photo_id>")
@readers
def photo(ticket_id: UUID, photo_id: UUID) -> AnyResponse:
    """Send a photo of a ticket that this person may see."""
    with hotline().database.reading() as session:
        found = access.find_ticket(session, staff(), ticket_id)
        known = {attachment.id: attachment.media_type for attachment in found.attachments}
    path = path_of(hotline().settings.attachments, photo_id)
    if photo_id not in known or not path.is_file():
        raise NotFound
    return send_file(path, mimetype=known[photo_id], download_name=f"{photo_id.hex[:8]}.jpg", max_age=0)


@work.post("/<uuid:ticket_id>/accept")
@workers
def accept(ticket_id: UUID) -> AnyResponse:
    """Take the ticket up."""
    return _do(ticket_id, service.accept, "")


@work.post("/<uuid:ticket_id>/return")
@workers
def send_back(ticket_id: UUID) -> AnyResponse:
    """Return it as not ours."""
    return _do(ticket_id, service.send_back, "reason", away=True)


@work.post("/<uuid:ticket_id>/answer")
@workers
def answer(ticket_id: UUID) -> AnyResponse:
    """Answer the citizen."""
    return _do(ticket_id, service.answer, "public_text")


@work.post("/<uuid:ticket_id>/ask")
@workers
def ask(ticket_id: UUID) -> AnyResponse:
    """Ask the citizen for what is missing."""
    return _do(ticket_id, service.ask, "public_text")


def step_from_form(ticket_id: UUID, field: str) -> Step:
    """Read the step a form asks for; a version that is no number is simply an old one."""
    typed = request.form.get("version", "")
    version = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
    return Step(ticket_id, version, request.form.get(field, "") if field else "")


def _do(ticket_id: UUID, act: Callable[..., Ticket], field: str, *, away: bool = False) -> AnyResponse:
    account = staff()
    try:
        act(hotline(), account, step_from_form(ticket_id, field))
    except Refused as refused:
        return Response(ticket_page(account, ticket_id, refused), errors.status_of(refused))
    target = url_for("work.queue") if away else url_for("work.ticket", ticket_id=ticket_id)
    return redirect(target, 303)


def ticket_page(account: Account, ticket_id: UUID, refused: Refused | None = None) -> str:
    """Return a ticket's page for a department, with what was wrong with a step if one was refused."""
    with hotline().database.reading() as session:
        found = access.find_ticket(session, account, ticket_id)
        context = shared_context(session, account, found)
        context["actions"] = service.actions(account, found)
        return render_template("work/ticket.html", **context, **refusal_context(refused))


def refusal_context(refused: Refused | None) -> dict[str, Any]:
    """Return what a page shows of a refused step: the words typed, what is wrong, and a conflict on top."""
    problems = refused.problems if refused else ()
    conflict = isinstance(refused, Conflict)
    messages = grouped_errors(problems)
    values = request.form.to_dict()
    return {
        "values": values,
        # As the ticket stands now it may have no form that these words belong into.
        "typed": (values.get("public_text") or values.get("reason")) if conflict else None,
        "errors": {} if conflict else messages,
        "conflict": " ".join(words for found in messages.values() for words in found) if conflict else None,
    }


def shared_context(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return what every page on one ticket shows."""
    thought = evidence(session, found)
    events = service.history(session, found)
    notes = service.notes(session, events)
    because = thought.get("because", [])
    return {
        "t": _shown(found),
        "timeline": [_line(event, notes[event.id]) for event in events],
        "deadlines": found.deadlines,
        "photos": found.attachments,
        "contact": _masked(found.contact),
        "marked": marked(found.text, because),
        "rule_because": thought.get("rule_because" if language() == "vi" else "rule_because_en"),
        "thought": thought,
        "incident": _incident(session, found),
        "proposals": [_proposed(other, how) for other, how in nearby.proposed(session, account, found)],
        "may_link": account.role is Role.COORDINATOR and found.status in OPEN,
        **_answers(session, account, found),
    }


def _answers(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return the articles that a question may be answered with."""
    may = knowledge.may_answer(account, found)
    articles = knowledge.proposed(hotline(), session, found) if may else ()
    return {"may_answer_with": may, "nearest_articles": articles}


def _incident(session: Session, found: Ticket) -> SimpleNamespace | None:
    """Return the incident of a ticket with its reports, the lead first; None for one that is alone."""
    lead = incidents.lead_of(session, found.incident_id) if found.incident_id and found.incident else None
    if lead is None or found.incident is None or found.incident.reports < 2:
        return None
    reports = [lead, *incidents.followers(session, lead.incident_id or found.id)]
    return SimpleNamespace(
        reports=found.incident.reports,
        opened_at=found.incident.opened_at,
        lead_id=lead.id,
        rows=[_report(report, report is lead) for report in reports[: service.PAGE]],
    )


def _report(report: Ticket, leads: bool) -> SimpleNamespace:  # noqa: FBT001 - one of two kinds of lines
    return SimpleNamespace(
        id=report.id,
        excerpt=" ".join(report.text.split())[:160],
        place=report.place_text,
        received_at=report.received_at,
        status=report.status,
        leads=leads,
    )


def _proposed(other: Ticket, likeness: float) -> SimpleNamespace:
    line = _report(other, leads=False)
    line.percent = round(100 * likeness)
    line.topic = other.topic
    line.reports = other.incident.reports if other.incident else 1
    return line


def _shown(found: Ticket) -> SimpleNamespace:
    ward = SimpleNamespace(vi=found.ward.name, en=found.ward.name) if found.ward else None
    names = (
        "id", "text", "place_text", "topic", "department", "status", "submission_type", "urgency", "channel",
        "received_at", "resolve_due_at", "version", "lat", "lon", "ward_code", "topic_slug", "department_id", "returns",
    )  # fmt: skip
    return SimpleNamespace(ward=ward, **{name: getattr(found, name) for name in names})


def _line(event: TicketEvent, note: str | None) -> SimpleNamespace:
    return SimpleNamespace(
        at=event.at,
        kind=event.kind,
        words=wording.event_words(event.kind, event.data),
        actor=event.actor.display_name if event.actor else None,
        public_text=event.public_text,
        internal_text=note,
    )


def _masked(contact: Contact | None) -> SimpleNamespace | None:
    """Return contact details with the middle hidden; seeing them whole is a later, recorded act."""
    if contact is None:
        return None
    return SimpleNamespace(
        name=contact.name,
        phone=_hide(contact.phone, 4, 3),
        email=_hide(contact.email, 2, 6),
    )


def _hide(value: str | None, first: int, last: int) -> str | None:
    if value is None:
        return None
    return value[:first] + "•" * max(3, len(value) - first - last) + value[-last:]
