"""Pages of sealed tickets. The list and a ticket's page show nothing of what was said; opening takes a reason."""

import base64
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors, wording
from app.accounts.session import required
from app.current import hotline, staff
from app.letters.service import RECEPTION
from app.problems import Refused
from app.sealed import service
from app.sealed.service import Opened
from app.units.today import open_units
from app.work.service import history
from app.work.views import refusal_context, step_from_form
from models.account import Account
from models.sealed import SealedContent
from models.ticket import Ticket
from models.vocabulary import Role

sealed = Blueprint("sealed", __name__, url_prefix="/sealed")

knowing = required(Role.COORDINATOR, Role.AUDITOR)
coordinators = required(Role.COORDINATOR)


@sealed.get("")
@knowing
def listing() -> str:
    """Show which denunciations there are, and how often each was read."""
    with hotline().database.reading() as session:
        found = service.page(session, staff(), request.args.get("after"))
    more = url_for("sealed.listing", after=found.after) if found.after else None
    return render_template("sealed/list.html", rows=found.rows, next_page=more)


@sealed.get("/<uuid:ticket_id>")
@knowing
def ticket(ticket_id: UUID) -> str:
    """Show where a denunciation stands and who has read it."""
    return _page(staff(), ticket_id)


@sealed.post("/<uuid:ticket_id>/open")
@coordinators
def open_(ticket_id: UUID) -> AnyResponse:
    """Show what it says, this once, to who is cleared and gives a reason."""
    account = staff()
    try:
        opened = service.open_for(hotline(), account, ticket_id, request.form.get("reason", ""))
    except Refused as refused:
        return Response(_page(account, ticket_id, refused), errors.status_of(refused))
    return Response(_page(account, ticket_id, opened=opened))


@sealed.post("/<uuid:ticket_id>/refer")
@coordinators
def refer(ticket_id: UUID) -> AnyResponse:
    """Refer it to its verifier, without its writer's identity."""
    account = staff()
    step = step_from_form(ticket_id, "redacted_text")
    try:
        service.refer(hotline(), account, step, request.form.get("department_id", ""))
    except Refused as refused:
        return Response(_page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(url_for("sealed.ticket", ticket_id=ticket_id), 303)


@sealed.post("/<uuid:ticket_id>/release")
@coordinators
def release(ticket_id: UUID) -> AnyResponse:
    """Give it back to the ordinary flow: it is no denunciation."""
    account = staff()
    step = step_from_form(ticket_id, "reason")
    try:
        service.release(hotline(), account, step, request.form.get("submission_type", ""))
    except Refused as refused:
        return Response(_page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(url_for("review.ticket", ticket_id=ticket_id), 303)


def _page(account: Account, ticket_id: UUID, refused: Refused | None = None, opened: Opened | None = None) -> str:
    with hotline().database.reading() as session:
        found = access.find_sealed(session, account, ticket_id)
        locked = session.get(SealedContent, ticket_id) is not None
        events = history(session, found)
        reads = service.reads(session, ticket_id)
        departments = session.scalars(open_units(hotline())).all()
    return render_template(
        "sealed/ticket.html",
        t=_shown(found),
        locked=locked,
        reads=reads,
        timeline=[_line(event) for event in events],
        may_unseal=access.may_unseal(account),
        opened=_readable(opened) if opened else None,
        departments=departments,
        reception=RECEPTION,
        kinds=service.ORDINARY,
        **refusal_context(refused),
    )


def _shown(found: Ticket) -> SimpleNamespace:
    names = ("id", "status", "channel", "received_at", "version")
    return SimpleNamespace(**{name: getattr(found, name) for name in names})


def _line(event: Any) -> SimpleNamespace:
    return SimpleNamespace(
        at=event.at,
        words=wording.event_words(event.kind, event.data),
        actor=event.actor.display_name if event.actor else None,
        public_text=None,
        internal_text=None,
    )


def _readable(opened: Opened) -> SimpleNamespace:
    said = opened.content
    words = [w for event in said.words.values() for w in (event["public_text"], event["internal_text"]) if w]
    return SimpleNamespace(
        text=said.text,
        place=said.place_text,
        pin=(said.lat, said.lon) if said.lat is not None else None,
        contact=said.identity,
        note=said.note,
        words=words,
        # They come within the page: an address of their own would be a way to read without a reason.
        photos=[base64.b64encode(jpeg).decode() for jpeg in opened.photos],
        proposal=opened.proposal,
        documents=opened.documents,
    )
