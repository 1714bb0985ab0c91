"""What a unit that helps does, and who is asked to help: steps on a ticket's page, and lists of what is owed."""

from collections.abc import Callable
from types import SimpleNamespace
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors
from app.accounts.session import required
from app.coordination import service
from app.coordination.service import Owed, OwedPage
from app.current import hotline, staff
from app.hotline import Hotline
from app.problems import NotFound, Refused
from app.work.service import Step
from app.work.views import row_of, step_from_form, ticket_page, unit_from_form, why_from_form
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Role

coordination = Blueprint("coordination", __name__, url_prefix="/work")

readers = required(*access.READERS)
workers = required(*access.WORKERS)
leaders = required(*access.WORKERS, Role.COORDINATOR)
coordinators = required(Role.COORDINATOR)


@coordination.get("/parts")
@readers
def owed() -> str:
    """Show what the own unit owes to others' tickets, soonest due first."""
    with hotline().database.reading() as session:
        return _list(service.owed(session, staff(), request.args.get("after")), "coordination.owed")


@coordination.get("/parts/late")
@readers
def late() -> str:
    """Show what others owe too late to the own unit's tickets."""
    with hotline().database.reading() as session:
        found = service.late_for(session, staff(), hotline().now(), request.args.get("after"))
        return _list(found, "coordination.late")


def _list(found: OwedPage, here: str) -> str:
    return render_template(
        "coordination/parts.html",
        rows=[_row(one) for one in found.rows],
        here=here,
        next_page=url_for(here, after=found.after) if found.after else None,
    )


def _row(one: Owed) -> SimpleNamespace:
    return SimpleNamespace(
        ticket=row_of(one.ticket),
        helper=one.part.assignment.department,
        due_at=one.part.due_at,
    )


@coordination.post("/<uuid:ticket_id>/contribute")
@workers
def contribute(ticket_id: UUID) -> AnyResponse:
    """Tell the lead the own part."""

    def act(_hotline: Hotline, account: Account, step: Step) -> Ticket:
        return service.contribute(_hotline, account, step, done=bool(request.form.get("done")))

    return _do(ticket_id, act, "contribution")


@coordination.post("/<uuid:ticket_id>/return-part")
@workers
def return_part(ticket_id: UUID) -> AnyResponse:
    """Say that there is nothing to do for the own unit."""

    def act(_hotline: Hotline, account: Account, step: Step) -> Ticket:
        return service.return_part(_hotline, account, step, why_from_form())

    return _do(ticket_id, act, "reason")


@coordination.post("/<uuid:ticket_id>/involve")
@leaders
def involve(ticket_id: UUID) -> AnyResponse:
    """Ask a further unit to help."""

    def act(_hotline: Hotline, account: Account, step: Step) -> Ticket:
        unit, problems = unit_from_form("department")
        return service.ask_unit(_hotline, account, step, unit or "", problems)

    return _do(ticket_id, act, "request")


@coordination.post("/<uuid:ticket_id>/release-part")
@coordinators
def release_part(ticket_id: UUID) -> AnyResponse:
    """Let a unit help no longer."""

    def act(_hotline: Hotline, account: Account, step: Step) -> Ticket:
        return service.release_part(_hotline, account, step, request.form.get("department", ""))

    return _do(ticket_id, act, "reason")


def _do(ticket_id: UUID, act: Callable[[Hotline, Account, Step], Ticket], field: str) -> AnyResponse:
    account = staff()
    try:
        act(hotline(), account, step_from_form(ticket_id, field))
    except Refused as refused:
        return Response(ticket_page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(_next(account, ticket_id), 303)


def _next(account: Account, ticket_id: UUID) -> str:
    """Return where to go on: the ticket, or the list if the step took it out of sight."""
    try:
        with hotline().database.reading() as session:
            access.find_ticket(session, account, ticket_id)
    except NotFound:
        return url_for("coordination.owed")
    return url_for("work.ticket", ticket_id=ticket_id)
