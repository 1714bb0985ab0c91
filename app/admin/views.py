"""The administrators' page."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording
from app.accounts.service import NewAccount
from app.accounts.session import required
from app.admin import service
from app.current import hotline
from app.intake.views import grouped_errors
from app.problems import NotFound, Problem, Refused
from app.units.today import open_units
from models.vocabulary import Role

admin = Blueprint("admin", __name__, url_prefix="/admin")

administrators = required(Role.ADMIN)


@admin.get("/accounts")
@administrators
def accounts() -> str:
    """Show who may come in."""
    return _page()


@admin.post("/accounts")
@administrators
def create_account() -> AnyResponse:
    """Make an account; its one-time link is shown this once."""
    form = request.form
    try:
        new = NewAccount(
            username=form.get("username", ""),
            display_name=form.get("display_name", ""),
            role=_role(form.get("role", "")),
            department_id=form.get("department_id", "").strip() or None,
            cleared=bool(form.get("cleared")),
        )
        link = service.create_account(hotline(), new)
    except Refused as refused:
        return Response(_page(refused.problems, values=form.to_dict()), errors.status_of(refused))
    return Response(_page(new_link=link), 201)


def _role(typed: str) -> Role:
    if typed not in set(Role):
        raise Refused([Problem("role", "not_one_of", {"expected": ", ".join(Role)})])
    return Role(typed)


@admin.post("/accounts/disable")
@administrators
def disable_account() -> AnyResponse:
    """Shut an account out."""
    service.disable_account(hotline(), _account_id())
    return Response(_page())


@admin.post("/accounts/link")
@administrators
def invite_again() -> AnyResponse:
    """Make a new one-time link for somebody who has forgotten the password; it is shown this once."""
    return Response(_page(new_link=service.invite_again(hotline(), _account_id())), 201)


@admin.post("/accounts/token")
@administrators
def create_token() -> AnyResponse:
    """Make a bearer token; it is shown this once."""
    token = service.create_token(hotline(), _account_id(), request.form.get("name", ""))
    return Response(_page(new_token=token), 201)


def _account_id() -> UUID:
    try:
        return UUID(request.form.get("account_id", ""))
    except ValueError:
        raise NotFound from None


def _page(problems: tuple[Problem, ...] = (), **more: Any) -> str:
    with hotline().database.reading() as session:
        context: dict[str, Any] = {
            "accounts": service.all_accounts(session),
            "departments": session.scalars(open_units(hotline())).all(),
            "roles": [(role.value, wording.role_words(role)) for role in Role],
            "errors": grouped_errors(problems),
            "values": {},
            "new_link": None,
            "new_token": None,
        }
        return render_template("admin/accounts.html", **(context | more))
