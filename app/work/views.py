"""A department's page of one ticket with what may be done to it; the lists are in `app.work.lists`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors, incidents, nearby, wording
from app.accounts.session import required
from app.assignment import local_date
from app.coordination import service as coordination
from app.current import hotline, staff
from app.deadlines import Standing, standing
from app.highlight import marked
from app.hotline import Hotline
from app.i18n import gettext as _
from app.i18n import label, language
from app.intake.views import grouped_errors, uploaded
from app.knowledge import service as knowledge
from app.maps import pins
from app.persons import holds
from app.persons.contacts import ContactDetails
from app.persons.reveal import reveal
from app.photostore import Photo, path_of
from app.problems import Conflict, NotFound, Problem, Refused, refuse
from app.thought import evidence, why_here
from app.work import answering, extension, page, progress, returning, service
from app.work.returning import OFFERED_MAX, Why
from app.work.service import Step
from models.account import Account
from models.coordination import Part
from models.return_reasons import return_reasons
from models.returning import TicketReturn
from models.ticket import Attachment, Ticket, TicketEvent
from models.vocabulary import ExtensionState, PhotoOf, Role, Status, SubmissionType, Urgency
from models.workflow import OPEN
from routing.unitsearch import active_units, find_units

work = Blueprint("work", __name__, url_prefix="/work")

#: Events that name the unit they are about.
ABOUT_UNITS: Final = frozenset(
    {"returned", "rerouted", "reviewed", "part_asked", "part_contributed", "part_returned", "part_released"}
)
#: What a unit shows of its work, as the fields of its form are called.
SHOWN: Final = (PhotoOf.BEFORE, PhotoOf.AFTER)
#: Fields that hold a person's words: whatever becomes of a step, they come back.
WORDS: Final = ("public_text", "reason", "contribution", "request", "note")

readers = required(*access.READERS)
workers = required(*access.WORKERS)
#: Who may be the second reader of an answer; of which, `app.work.answering` says.
second_readers = required(*access.WORKERS, Role.COORDINATOR)
#: Who may decide on more time; which of them it is, the service says.
deciders = required(Role.SUPERVISOR, Role.COORDINATOR)


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
    paused: bool = False
    owes_progress: bool = False
    asks_for_time: bool = False
    reports: int = 1
    version: int = 0
    person: str | None = None
    #: Something that was asked for on many tickets is still to come; its person wants to look at it later.
    held: bool = False
    marked: bool = False
    spot: tuple[float, float] | None = None


def row_of(
    ticket: Ticket, reason: str | None = None, confidence: float | None = None, stands: Standing | None = None
) -> Row:
    """Return a ticket as a line; `stands` says how it is with what was promised."""
    stands = stands or Standing()
    ward = SimpleNamespace(vi=ticket.ward.name, en=ticket.ward.name) if ticket.ward else None
    return Row(
        id=ticket.id,
        excerpt=wording.excerpt(ticket.text),
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
        paused=stands.paused_at is not None,
        owes_progress=stands.owes_progress,
        asks_for_time=stands.extension is ExtensionState.ASKED,
        reports=ticket.incident.reports if ticket.incident else 1,
        version=ticket.version,
        person=ticket.assignee.display_name if ticket.assignee else None,
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
        known = {one.id: one.media_type for one in page.photos_for(staff(), found)}
    path = path_of(hotline().settings.attachments, photo_id)
    if photo_id not in known or not path.is_file():
        raise NotFound
    return send_file(path, mimetype=known[photo_id], download_name=f"{photo_id.hex[:8]}.jpg", max_age=0)


@work.post("/<uuid:ticket_id>/accept")
@workers
def accept(ticket_id: UUID) -> AnyResponse:
    """Take the ticket up."""
    return take_step(ticket_id, service.accept, "")


@work.post("/<uuid:ticket_id>/return")
@workers
def send_back(ticket_id: UUID) -> AnyResponse:
    """Return it as not ours."""

    def act(_hotline: Hotline, account: Account, step: Step) -> Ticket:
        return service.send_back(_hotline, account, step, why_from_form())

    return take_step(ticket_id, act, "reason", away=True)


@work.post("/<uuid:ticket_id>/contact")
@required(*access.WORKERS, Role.COORDINATOR)
def contact(ticket_id: UUID) -> AnyResponse:
    """Show the citizen's contact whole, this once; who saw it and why is on record."""
    account = staff()
    try:
        shown = reveal(hotline(), account, ticket_id, request.form.get("reason", ""))
    except Refused as refused:
        return Response(ticket_page(account, ticket_id, refused), errors.status_of(refused))
    return Response(ticket_page(account, ticket_id, revealed=shown))


@work.post("/<uuid:ticket_id>/hold")
@required(Role.COORDINATOR)
def hold(ticket_id: UUID) -> AnyResponse:
    """Keep the ticket whole by law."""

    def act(account: Account) -> None:
        reason, until = request.form.get("reason", ""), request.form.get("until", "")
        holds.place_by(hotline(), account, ticket_id, reason, until)

    return _held(ticket_id, act)


@work.post("/<uuid:ticket_id>/lift-hold")
@required(Role.COORDINATOR)
def lift_hold(ticket_id: UUID) -> AnyResponse:
    """Let the ticket go the way of others again."""
    return _held(ticket_id, lambda account: holds.lift_by(hotline(), account, ticket_id))


def _held(ticket_id: UUID, act: Callable[[Account], None]) -> AnyResponse:
    account = staff()
    try:
        act(account)
    except Refused as refused:
        return Response(ticket_page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(url_for("work.ticket", ticket_id=ticket_id), 303)


def why_from_form() -> Why:
    """Read why a unit gives back."""
    return Why(request.form.get("reason_code", ""), *unit_from_form("proposed_department"))


def unit_from_form(field: str) -> tuple[str | None, tuple[Problem, ...]]:
    """Read the unit that a form names, chosen or typed, and what is wrong with the name."""
    chosen, typed = request.form.get(field, ""), request.form.get(f"{field}_search", "")
    return returning.unit_typed(hotline(), field, chosen, typed)


@work.post("/<uuid:ticket_id>/answer")
@workers
def answer(ticket_id: UUID) -> AnyResponse:
    """Answer the citizen, with photos of the work if there are any."""

    def act(hotline_: Hotline, account: Account, step: Step) -> Ticket:
        keep = ids_kept()
        return service.answer(hotline_, account, step, photos_from_request(beside=len(keep)), keep)

    return take_step(ticket_id, act, "public_text")


def photos_from_request(beside: int = 0) -> list[tuple[PhotoOf, Photo]]:
    """Read what a unit shows of its work: the photos of each kind, `beside` so many that it keeps."""
    found = uploaded(*SHOWN, beside=beside)
    return [(kind, photo) for kind in SHOWN for photo in found[kind]]


def ids_kept() -> list[UUID]:
    """Read which photos of an answer that came back go with the next one."""
    try:
        return [UUID(one) for one in request.form.getlist("keep")]
    except ValueError:
        raise refuse("before", "unknown_choice") from None


@work.post("/<uuid:ticket_id>/ask")
@workers
def ask(ticket_id: UUID) -> AnyResponse:
    """Ask the citizen for what is missing."""
    return take_step(ticket_id, service.ask, "public_text")


@work.post("/<uuid:ticket_id>/ask-extension")
@workers
def ask_extension(ticket_id: UUID) -> AnyResponse:
    """Ask for more time."""
    return take_step(ticket_id, partial(extension.ask, days=_number("days", 0)), "reason")


@work.post("/<uuid:ticket_id>/approve-extension")
@deciders
def approve_extension(ticket_id: UUID) -> AnyResponse:
    """Grant more time; the citizen is told."""
    return take_step(ticket_id, extension.approve, "")


@work.post("/<uuid:ticket_id>/refuse-extension")
@deciders
def refuse_extension(ticket_id: UUID) -> AnyResponse:
    """Refuse more time, with a reason."""
    return take_step(ticket_id, extension.refuse_it, "reason")


@work.post("/<uuid:ticket_id>/progress")
@workers
def report_progress(ticket_id: UUID) -> AnyResponse:
    """Tell the citizen how far it is and when it will be done."""

    def act(hotline_: Hotline, account: Account, step: Step) -> Ticket:
        return progress.report(hotline_, account, step, day_from_form("committed_on"))

    return take_step(ticket_id, act, "public_text")


def day_from_form(field: str) -> date:
    """Read a day from a form; refuse what is none."""
    try:
        return date.fromisoformat(request.form.get(field, "")[:20])
    except ValueError:
        raise refuse(field, "calendar_date") from None


def _number(field: str, otherwise: int) -> int:
    typed = request.form.get(field, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else otherwise


def step_from_form(ticket_id: UUID, field: str) -> Step:
    """Read the step a form asks for; a version that is no number is simply an old one."""
    return Step(ticket_id, _number("version", -1), request.form.get(field, "") if field else "")


def take_step(ticket_id: UUID, act: Callable[..., Ticket], field: str, *, away: bool = False) -> AnyResponse:
    """Let the person in hand take a step with the words of one field of a form, and show the page again.

    A step that was refused shows why, and what was typed; one that takes the ticket `away` leads back to the queue.
    """
    account = staff()
    try:
        act(hotline(), account, step_from_form(ticket_id, field))
    except Refused as refused:
        return Response(ticket_page(account, ticket_id, refused), errors.status_of(refused))
    target = url_for("work.queue") if away else url_for("work.ticket", ticket_id=ticket_id)
    return redirect(target, 303)


def ticket_page(
    account: Account, ticket_id: UUID, refused: Refused | None = None, revealed: ContactDetails | None = None
) -> str:
    """Return the page of one ticket, with what was refused of the last step on it if anything was.

    With `revealed` it shows the citizen's contact whole; whoever calls has recorded that.
    """
    now = hotline().now()
    with hotline().database.reading() as session:
        found = access.find_ticket(session, account, ticket_id)
        context = shared_context(session, account, found) | units_context(session, account, found)
        context["actions"] = service.offered(session, account, found)
        context["offers"] = extension.offers(session, account, found, now) | progress.offers(
            session, account, found, now
        )
        context["extension"] = extension.of(session, found)
        context["days_max"] = extension.DAYS_MAX
        context |= page.of_unit(session, account, found)
        context["revealed"] = revealed
        return render_template("work/ticket.html", **context, **refusal_context(refused))


def units_context(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return what the page shows of other units: who helps, who could, and why a ticket may be given back."""
    parts = coordination.parts_of(session, found)
    city, now = hotline().city, hotline().now()
    active = active_units(city, local_date(hotline(), now))
    return {
        "parts_of_units": [_part(part, account) for part in parts],
        "part_actions": coordination.actions(account, found, parts),
        "draft": coordination.consolidated(parts, lambda assignment: label(assignment.department)),
        "reasons": return_reasons().values(),
        "units": active,
        "helpers": [
            city.departments[i]
            for i in returning.likely_units(hotline(), found, found.department_id)
            if i not in {part.assignment.department_id for part in parts if part.done_at is None}
        ],
        "likely": [city.departments[i] for i in returning.likely_units(hotline(), found, account.department_id)],
        "offered": {
            field: find_units(city, request.form.get(f"{field}_search", ""), local_date(hotline(), now))[:OFFERED_MAX]
            for field in ("proposed_department", "department")
        },
    }


def _part(part: Part, account: Account) -> SimpleNamespace:
    return SimpleNamespace(
        department=part.assignment.department,
        request=part.assignment.because,
        due_at=part.due_at,
        done_at=part.done_at,
        late=part.late(hotline().now()),
        contribution=part.contribution,
        own=part.assignment.department_id == account.department_id,
    )


def proposal_shown(returned: TicketReturn | None) -> SimpleNamespace | None:
    """Return what a coordinator sees of a unit's proposal."""
    if returned is None or returned.proposed is None:
        return None
    return SimpleNamespace(
        department=returned.proposed,
        by=returned.assignment.department,
        reason=return_reasons().get(returned.reason_code),
    )


@dataclass(frozen=True)
class Form:
    """One of the forms of a page that has several: what was typed into it and what is wrong, if it was the one sent.

    Other forms have fields of the same names; the errors lead to those of the form that was sent.
    """

    name: str
    sent: bool
    values: Mapping[str, str]
    errors: Mapping[str, list[str]]

    def id(self, field: str) -> str:
        """Return the id of a field on the page."""
        return field if self.sent else f"{self.name}-{field}"


def refusal_context(refused: Refused | None) -> dict[str, Any]:
    """Return what a page shows of a refused step: the words typed, what is wrong, and a conflict on top.

    `form_of` gives a template the `Form` that posts to an endpoint.
    """
    problems = refused.problems if refused else ()
    conflict = isinstance(refused, Conflict)
    messages = grouped_errors(problems)
    values, errors_ = request.form.to_dict(), {} if conflict else messages

    def form_of(endpoint: str) -> Form:
        sent = request.endpoint == endpoint
        return Form(endpoint.partition(".")[2], sent, values if sent else {}, errors_ if sent else {})

    return {
        "values": values,
        "kept": request.form.getlist("keep"),
        "form_of": form_of,
        # As the ticket stands now it may have no form that these words belong into.
        "typed": next(filter(None, (values.get(field) for field in WORDS)), None) if conflict else None,
        "errors": errors_,
        "conflict": " ".join(words for found in messages.values() for words in found) if conflict else None,
    }


def shared_context(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return what every page on one ticket shows."""
    thought, sent = evidence(session, found), why_here(session, found)
    events = service.history(session, found)
    named, shown = page.people_named(session, events), page.photos_by_event(found)
    notes = service.notes(session, account, found, events)
    because = thought.get("because", [])
    return {
        "t": _shown(found),
        "timeline": [_line(event, notes[event.id], named, shown.get(event.id, [])) for event in events],
        "deadlines": found.deadlines,
        "photos": page.reported_photos(found),
        "pins": pins.of_ticket(hotline(), session, account, found),
        "contact": page.masked_contact(session, account, found),
        "may_reach": access.may_reach(account, found),
        "hold": holds.hold_of(session, found.id, hotline().now()),
        "may_hold": access.may_hold(account),
        "marked": marked(found.text, because),
        "rule_because": sent.get("rule_because" if language() == "vi" else "rule_because_en"),
        "thought": thought,
        "standing": standing(session, [found.id], hotline().now()).get(found.id, Standing()),
        "incident": _incident(session, account, found),
        "proposals": [_proposed(other, how) for other, how in nearby.proposed(session, account, found)],
        "may_link": account.role is Role.COORDINATOR and found.status in OPEN,
        **_answers(session, account, found),
        **page.of_everybody(session, account, found),
    }


def _answers(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return the articles that a question may be answered with."""
    may = knowledge.may_answer(account, found) and not answering.is_waiting(session, found)
    articles = knowledge.proposed(hotline(), session, found) if may else ()
    return {"may_answer_with": may, "nearest_articles": articles}


def _incident(session: Session, account: Account, found: Ticket) -> SimpleNamespace | None:
    """Return the incident of a ticket with those of its reports that this person may open, the lead first.

    None for a ticket that is alone.
    """
    lead = incidents.lead_of(session, found.incident_id) if found.incident_id and found.incident else None
    if lead is None or found.incident is None or found.incident.reports < 2:
        return None
    opened = select(Ticket.id).where(Ticket.incident_id == lead.incident_id, access.opens_to(account))
    theirs = set(session.scalars(opened))
    reports = [one for one in (lead, *incidents.followers(session, lead.incident_id or found.id)) if one.id in theirs]
    return SimpleNamespace(
        reports=found.incident.reports,
        opened_at=found.incident.opened_at,
        lead_id=lead.id,
        rows=[_report(report, report is lead) for report in reports[: service.PAGE]],
    )


def _report(report: Ticket, leads: bool) -> SimpleNamespace:  # noqa: FBT001 - one of two kinds of lines
    return SimpleNamespace(
        id=report.id,
        excerpt=wording.excerpt(report.text),
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


def _line(
    event: TicketEvent, note: str | None, named: Mapping[str, str], shown: Sequence[Attachment]
) -> SimpleNamespace:
    return SimpleNamespace(
        at=event.at,
        kind=event.kind,
        words=wording.event_words(event.kind, event.data),
        about=page.about(event, named) or _about(event),
        actor=event.actor.display_name if event.actor else None,
        public_text=event.public_text,
        internal_text=note,
        committed_at=_moment(event, "committed_at"),
        moved_to=_moment(event, "due_at"),
        photos=shown,
    )


def _about(event: TicketEvent) -> str:
    """Return which units and which reason an event is about, as far as its words do not say so."""
    if event.kind not in ABOUT_UNITS:
        return ""
    known, reason = hotline().city.departments, return_reasons().get(event.data.get("reason", ""))
    unit, proposed = known.get(event.data.get("department") or ""), known.get(event.data.get("proposed") or "")
    parts = [
        label(unit) if unit else None,
        label(reason) if reason else None,
        _("đề nghị {unit}").format(unit=label(proposed)) if proposed else None,
    ]
    return " · ".join(filter(None, parts))


def _moment(event: TicketEvent, name: str) -> datetime | None:
    said = event.data.get(name)
    return datetime.fromisoformat(said) if said else None
