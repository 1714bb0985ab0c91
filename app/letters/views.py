"""A coordinator writes the letter to a complainant, or reads it as it was sent."""

from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, url_for
from flask import request as asked
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors
from app.accounts.session import required
from app.current import hotline, staff
from app.letters import service
from app.problems import Refused
from app.review.service import DECIDABLE
from app.units.today import open_units
from app.work.views import refusal_context, step_from_form
from models.account import Account
from models.vocabulary import Role

letters = Blueprint("letters", __name__, url_prefix="/letters")

coordinators = required(Role.COORDINATOR)


@letters.get("/<uuid:ticket_id>")
@coordinators
def letter(ticket_id: UUID) -> str:
    """Show the letters that were sent, and a draft while one may be sent."""
    return _page(staff(), ticket_id)


@letters.post("/<uuid:ticket_id>")
@coordinators
def send(ticket_id: UUID) -> AnyResponse:
    """Send it: the citizen reads it on the tracking page."""
    account = staff()
    try:
        service.send(hotline(), account, step_from_form(ticket_id, "body"), asked.form.get("department_id", ""))
    except Refused as refused:
        return Response(_page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(url_for("letters.letter", ticket_id=ticket_id), 303)


def _page(account: Account, ticket_id: UUID, refused: Refused | None = None) -> str:
    with hotline().database.reading() as session:
        found = access.find_ticket(session, account, ticket_id)
        sent = service.letters(session, found)
        departments = session.scalars(open_units(hotline())).all()
        return render_template(
            "letters/write.html",
            t=found,
            sent=sent,
            may_send=found.status in DECIDABLE,
            draft=service.draft(hotline(), found),
            departments=departments,
            reception=service.RECEPTION,
            **refusal_context(refused),
        )
