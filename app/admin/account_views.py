"""The administrators' pages of accounts: a list, and each with what it holds and what was done to it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording
from app.accounts import factors, staff_sessions, tokens
from app.accounts.service import NewAccount
from app.accounts.session import required
from app.admin import service
from app.audit import service as audit_service
from app.audit.views import line_words
from app.current import hotline, staff
from app.intake.views import grouped_errors
from app.problems import NotFound, Problem, Refused
from app.units.today import open_units
from models.vocabulary import Role

admin_accounts = Blueprint("admin_accounts", __name__, url_prefix="/admin/accounts")

administrators = required(Role.ADMIN)


@admin_accounts.get("")
@administrators
def accounts() -> str:
    """Show who may come in."""
    return _page()


@admin_accounts.post("")
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
        link = service.create_account(hotline(), new, staff().id)
    except Refused as refused:
        return Response(_page(refused.problems, values=form.to_dict()), errors.status_of(refused))
    return Response(_page(new_link=link), 201)


def _role(typed: str) -> Role:
    if typed not in set(Role):
        raise Refused([Problem("role", "not_one_of", {"expected": ", ".join(Role)})])
    return Role(typed)


@admin_accounts.post("/disable")
@administrators
def disable_account() -> AnyResponse:
    """Shut an account out."""
    service.disable_account(hotline(), _id("account_id"), staff().id)
    return Response(_page())


@admin_accounts.post("/link")
@administrators
def invite_again() -> AnyResponse:
    """Make a new one-time link for somebody who has forgotten the password; it is shown this once."""
    return Response(_page(new_link=service.invite_again(hotline(), _id("account_id"), staff().id)), 201)


@admin_accounts.get("/<uuid:account_id>")
@administrators
def account(account_id: UUID) -> str:
    """Show one account: second factor, devices, tokens, and what was done by it and to it."""
    with hotline().database.reading() as session:
        found = service.find_account(session, account_id)
        history = audit_service.page(session, after=request.args.get("after"), account_id=account_id)
        context: dict[str, Any] = {
            "person": found,
            "has_factor": factors.is_set(session, account_id),
            "must_have_factor": factors.required_of(found),
            "sessions": staff_sessions.alive_of(hotline(), session, account_id),
            "tokens": tokens.of(session, account_id),
        }
    more = url_for("admin_accounts.account", account_id=account_id, after=history.after) if history.after else None
    return render_template(
        "admin/account.html", **context, now=hotline().now(), lines=history.lines, words=line_words, next_page=more
    )


@admin_accounts.post("/reset-factor")
@administrators
def reset_factor() -> AnyResponse:
    """Take a second factor off whose owner has lost it; they set a new one up when they next come in."""
    return _done(lambda account_id: service.reset_factor(hotline(), account_id, staff().id))


@admin_accounts.post("/end-sessions")
@administrators
def end_sessions() -> AnyResponse:
    """Log somebody out everywhere."""
    return _done(lambda account_id: service.end_sessions(hotline(), account_id, staff().id))


@admin_accounts.post("/revoke-token")
@administrators
def revoke_token() -> AnyResponse:
    """Take somebody's token back."""
    return _done(lambda account_id: service.revoke_token(hotline(), account_id, _id("token_id"), staff().id))


def _done(act: Callable[[UUID], None]) -> AnyResponse:
    account_id = _id("account_id")
    act(account_id)
    return redirect(url_for("admin_accounts.account", account_id=account_id), 303)


def _id(field: str) -> UUID:
    try:
        return UUID(request.form.get(field, ""))
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
        }
        return render_template("admin/accounts.html", **(context | more))
