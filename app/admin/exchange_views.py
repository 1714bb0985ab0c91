"""The administrators' page of telephone exchanges: which may announce calls, when each last did, and its token once."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.accounts.session import required
from app.current import hotline, staff
from app.desk import calls
from app.intake.views import grouped_errors
from app.problems import Problem, Refused
from models.vocabulary import Role

admin_exchanges = Blueprint("admin_exchanges", __name__, url_prefix="/admin/exchanges")

administrators = required(Role.ADMIN)


@admin_exchanges.get("")
@administrators
def listed() -> str:
    """Show every exchange."""
    return _page()


@admin_exchanges.post("")
@administrators
def add() -> AnyResponse:
    """Make an exchange known; its token is shown this once."""
    try:
        token = calls.add_exchange(hotline(), request.form.get("name", ""), staff().id)
    except Refused as refused:
        return Response(_page(refused.problems, request.form.get("name", "")), errors.status_of(refused))
    return Response(_page(token=token), 201)


@admin_exchanges.post("/revoke")
@administrators
def revoke() -> AnyResponse:
    """Take no more announcements by an exchange's token."""
    try:
        calls.revoke_exchange(hotline(), request.form.get("exchange", ""), staff().id)
    except Refused as refused:
        return Response(_page(refused.problems), errors.status_of(refused))
    return redirect(url_for("admin_exchanges.listed"), 303)


def _page(problems: tuple[Problem, ...] = (), typed: str = "", token: str | None = None) -> str:
    with hotline().database.reading() as session:
        return render_template(
            "admin/exchanges.html",
            exchanges=calls.exchanges(session),
            last=calls.last_calls(session),
            token=token,
            announced_at=f"{hotline().settings.public_url}{url_for('api.announce_call')}",
            errors=grouped_errors(problems),
            values={"name": typed},
        )
