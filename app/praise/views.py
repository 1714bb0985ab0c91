"""A coordinator forwards praise."""

from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.accounts.session import required
from app.current import hotline, staff
from app.praise import service
from app.problems import Refused
from app.review.views import ticket_page
from app.work.views import step_from_form
from models.vocabulary import Role

praise = Blueprint("praise", __name__, url_prefix="/praise")

coordinators = required(Role.COORDINATOR)


@praise.post("/<uuid:ticket_id>")
@coordinators
def forward(ticket_id: UUID) -> AnyResponse:
    """Forward it to the unit and close it."""
    account = staff()
    try:
        service.forward(hotline(), account, step_from_form(ticket_id, ""), request.form.get("department_id", ""))
    except Refused as refused:
        return Response(ticket_page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(url_for("review.queue"), 303)
