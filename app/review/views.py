"""The coordinators' pages."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors, surges, wording
from app import thought as thought_of
from app.accounts.session import required
from app.current import hotline, staff
from app.i18n import gettext as _
from app.i18n import label, language
from app.maps import pins
from app.problems import Refused
from app.review import service
from app.review.service import Choice
from app.thought import said_topic
from app.units.today import open_units
from app.work import approval, returning
from app.work.service import PAGE, Step
from app.work.views import Row, proposal_shown, refusal_context, row_of, shared_context, step_from_form, unit_from_form
from models.account import Account
from models.place import Ward
from models.ticket import Ticket, TicketEvent
from models.vocabulary import RefusalReason, Role, Status, SubmissionType, topic_groups, topics

review = Blueprint("review", __name__, url_prefix="/review")

coordinators = required(Role.COORDINATOR)
#: So many of the machine's guesses can be taken by one key.
GUESSES = 3


def reason_words(ticket: Ticket, thought: dict[str, Any], came_back: TicketEvent | None) -> str:
    """Return why a ticket awaits a coordinator, in plain words; `came_back` is what last brought it back, if it did."""
    if came_back is not None and ticket.status in {Status.RETURNED, Status.REOPENED}:
        return wording.event_words(came_back.kind)
    if ticket.returns:
        return _("Bị trả lại {n} lần").format(n=ticket.returns)
    return {
        "no_model": _("Chưa có mô hình phân loại"),
        "unsure_topic": _("Máy không chắc chủ đề"),
        "unsure_place": _("Chưa rõ phường, xã nào"),
        "complaint": _("Có thể là khiếu nại"),
        "invalid": _("Có thể không hợp lệ"),
        "praise": _("Có thể là lời khen"),
        "by_rule": _("Theo quy tắc, người quyết định"),
    }.get(str(thought.get("reason")), _("Cần người xem"))


@review.get("")
@coordinators
def queue() -> str:
    """Show what awaits a coordinator."""
    account = staff()
    after = request.args.get("after")
    with hotline().database.reading() as session:
        tickets = service.queue(session, account, after)
        rows = _rows(session, tickets[:PAGE])
        rising = surges.open_surges(session)
        unread = approval.count(session, account)
    stuck = [
        SimpleNamespace(words=_("Công việc {kind} đã thử {n} lần không xong").format(kind=entry.kind, n=entry.attempts))
        for entry in service.given_up(hotline())
    ]
    return render_template(
        "review/queue.html",
        rows=rows,
        stuck=stuck,
        surges=rising,
        unread=unread,
        next_page=url_for("review.queue", after=rows[-1].id) if len(tickets) > PAGE else None,
    )


def _rows(session: Session, tickets: Sequence[Ticket]) -> list[Row]:
    triaged = thought_of.last_events(session, tickets, thought_of.TRIAGED)
    back = thought_of.last_events(session, tickets, *service.CAME_BACK)
    proposals = returning.proposals(session, tickets)
    rows = []
    for ticket in tickets:
        thought = triaged[ticket.id].data if ticket.id in triaged else {}
        words = reason_words(ticket, thought, back.get(ticket.id))
        proposed = proposals.get(ticket.id)
        if proposed is not None and proposed.proposed is not None:
            words += " · " + _("đề nghị {unit}").format(unit=label(proposed.proposed))
        rows.append(row_of(ticket, words, thought.get("confidence")))
    return rows


@review.get("/<uuid:ticket_id>")
@coordinators
def ticket(ticket_id: UUID) -> str:
    """Show one ticket with what the machine thought of it and what may be decided."""
    return ticket_page(staff(), ticket_id)


@review.post("/<uuid:ticket_id>/route")
@coordinators
def route(ticket_id: UUID) -> AnyResponse:
    """Send it to a department."""
    form = request.form

    def act(_hotline: Any, account: Account, step: Step) -> Ticket:
        unit, problems = unit_from_form("department_id")
        if problems:
            raise Refused(problems)
        choice = Choice(
            topic_slug=form.get("topic_slug", ""),
            department_id=(unit or "").strip(),
            ward_code=form.get("ward_code") or None,
            reason=form.get("reason", ""),
        )
        return service.route(_hotline, account, step, choice)

    return _do(ticket_id, act, "reason")


@review.post("/<uuid:ticket_id>/accept-proposal")
@coordinators
def accept_proposal(ticket_id: UUID) -> AnyResponse:
    """Send it to the unit that was proposed."""
    return _do(ticket_id, service.accept_proposal, "")


@review.post("/<uuid:ticket_id>/reject")
@coordinators
def reject(ticket_id: UUID) -> AnyResponse:
    """Refuse it, saying why."""
    code = request.form.get("reason_code", "")

    def act(_hotline: Any, account: Account, step: Step) -> Ticket:
        return service.reject(_hotline, account, step, code)

    return _do(ticket_id, act, "public_text")


@review.post("/<uuid:ticket_id>/refer")
@coordinators
def refer(ticket_id: UUID) -> AnyResponse:
    """Refer it to who is competent."""
    return _do(ticket_id, service.refer, "public_text")


@review.post("/<uuid:ticket_id>/seal")
@coordinators
def seal(ticket_id: UUID) -> AnyResponse:
    """Seal a denunciation."""
    return _do(ticket_id, service.seal, "reason")


@review.post("/<uuid:ticket_id>/link")
@coordinators
def link(ticket_id: UUID) -> AnyResponse:
    """Say that it is of the same thing as another ticket."""
    return _do(ticket_id, service.link, "other", stay=True)


@review.post("/<uuid:ticket_id>/split")
@coordinators
def split(ticket_id: UUID) -> AnyResponse:
    """Take it out of its incident."""
    return _do(ticket_id, service.split, "", stay=True)


def _do(ticket_id: UUID, act: Callable[..., Ticket], field: str, *, stay: bool = False) -> AnyResponse:
    account = staff()
    try:
        act(hotline(), account, step_from_form(ticket_id, field))
    except Refused as refused:
        return Response(ticket_page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(url_for("review.ticket", ticket_id=ticket_id) if stay else _next(account, ticket_id), 303)


def _next(account: Account, ticket_id: UUID) -> str:
    """Return where to go on after a decision: the next ticket, or the queue that is empty now."""
    with hotline().database.reading() as session:
        following = service.after(session, account, ticket_id)
    if following is None:
        return url_for("review.queue")
    return url_for("review.ticket", ticket_id=following.id, after=ticket_id)


@review.get("/<uuid:ticket_id>/next")
@coordinators
def skip(ticket_id: UUID) -> AnyResponse:
    """Leave a ticket for later and open the next."""
    return redirect(_next(staff(), ticket_id), 303)


def ticket_page(account: Account, ticket_id: UUID, refused: Refused | None = None) -> str:
    """Return the page on which a coordinator decides, with what was wrong with a step if one was refused."""
    with hotline().database.reading() as session:
        found = access.find_ticket(session, account, ticket_id)
        context = shared_context(session, account, found)
        thought = context.pop("thought")
        wards = dict(iter(session.execute(select(Ward.code, Ward.name).order_by(Ward.name))))
        candidates = [code for code in thought.get("wards", []) if code in wards]
        rest = [code for code in wards if code not in candidates]
        return render_template(
            "review/ticket.html",
            **context,
            **refusal_context(refused),
            said_topic=topics().get(said_topic(session, found) or ""),
            alternatives=_alternatives(found, thought),
            decided=request.args.get("after") is not None,
            place_words=found.place_text
            or (", ".join(wards[code] for code in candidates) or _("Không nhận ra nơi nào")),
            ward_options=[SimpleNamespace(code=code, name=wards[code]) for code in [*candidates, *rest]],
            ward_pins=pins.of_wards(hotline(), found, candidates),
            topic_groups=topic_groups(),
            departments=session.scalars(open_units(hotline())).all(),
            suggestion=_suggestion(found, thought),
            proposal=proposal_shown(returning.proposal(session, found)),
            refusals=[(reason.value, wording.refusal_words(reason)) for reason in RefusalReason],
        )


def _alternatives(found: Ticket, thought: dict[str, Any]) -> list[SimpleNamespace]:
    """Return what the machine takes it for, likeliest first, each with where it would go then."""
    known = topics()
    guesses = [(slug, how) for slug, how in thought.get("alternatives", []) if slug in known][:GUESSES]
    return [_guess(found, thought, slug, confidence) for slug, confidence in guesses]


def _guess(found: Ticket, thought: dict[str, Any], slug: str, confidence: float) -> SimpleNamespace:
    choice, _decision = service.choice_for(hotline(), found, thought, slug, SubmissionType.REPORT)
    unit = hotline().city.departments.get(choice.department_id)
    return SimpleNamespace(topic=topics()[slug], percent=round(100 * confidence), choice=choice, unit=unit)


def _suggestion(found: Ticket, thought: dict[str, Any]) -> SimpleNamespace:
    proposal = service.suggested(hotline(), found, thought)
    if proposal is None:
        return SimpleNamespace(topic_slug=None, ward_code=None, department_id=found.department_id, because=None)
    choice, decision = proposal
    return SimpleNamespace(
        topic_slug=choice.topic_slug,
        ward_code=choice.ward_code,
        department_id=found.department_id or choice.department_id,
        because=decision.because if language() == "vi" else decision.because_en,
    )
