"""Further steps on the page of a ticket, beside those that every unit takes (`app.work.views`)."""

from uuid import UUID

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.accounts.session import required
from app.hotline import Hotline
from app.problems import refuse
from app.work import person
from app.work.service import Step
from app.work.views import take_step
from models.account import Account
from models.ticket import Ticket

steps = Blueprint("steps", __name__, url_prefix="/work")

workers = required(*access.WORKERS)


@steps.post("/<uuid:ticket_id>/assign")
@workers
def assign(ticket_id: UUID) -> AnyResponse:
    """Give the ticket to a person of the unit, take it, or let it go."""

    def act(hotline: Hotline, account: Account, step: Step) -> Ticket:
        return person.assign(hotline, account, step, _person("assignee"))

    return take_step(ticket_id, act, "")


def _person(field: str) -> UUID | None:
    typed = request.form.get(field, "")
    try:
        return UUID(typed) if typed else None
    except ValueError:
        raise refuse(field, "unknown_person") from None
