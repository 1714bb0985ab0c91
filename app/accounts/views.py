"""Logging in and out, and the one-time links by which people come in the first time."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.accounts import service
from app.accounts.service import NewAccount
from app.accounts.session import StaffMember
from app.current import address, hotline, staff, throttle
from app.intake.views import grouped_errors
from app.problems import Problem, Refused
from models.account import Account
from models.vocabulary import Role

accounts = Blueprint("accounts", __name__, url_prefix="/accounts")

#: Where each role's day begins.
HOME = {
    Role.CALL_TAKER: "desk.form",
    Role.COORDINATOR: "review.queue",
    Role.HANDLER: "work.queue",
    Role.SUPERVISOR: "work.queue",
    Role.AUDITOR: "work.queue",
    Role.ADMIN: "admin.accounts",
}


@accounts.get("/login")
def login() -> str | AnyResponse:
    """Ask who it is."""
    if current_user.is_authenticated:
        return redirect(url_for(HOME[staff().role]), 303)
    return render_template("accounts/login.html", values={}, errors={}, next=request.args.get("next", ""))


@accounts.post("/login")
def log_in() -> AnyResponse:
    """Let a person in. Wrong name, wrong password and disabled account look and cost the same."""
    username, password = request.form.get("username", "")[:200], request.form.get("password", "")
    throttle().login(address(), username)
    with hotline().database.reading() as session:
        account = service.authenticate(session, username, password)
    if account is None:
        messages = grouped_errors((Problem("", "login"),))
        page = render_template(
            "accounts/login.html", values={"username": username}, errors=messages, next=request.form.get("next", "")
        )
        return Response(page, 403)
    return _enter(account)


def _enter(account: Account) -> AnyResponse:
    # A session that somebody else may have begun in this browser ends here.
    cookie.clear()
    cookie.permanent = True
    login_user(StaffMember(account))
    return redirect(on_site(request.form.get("next", "")) or url_for(HOME[account.role]), 303)


def on_site(target: str) -> str | None:
    """Return a target that surely stays here: one slash, then no second slash or backslash."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if safe and target.isprintable() else None


@accounts.post("/logout")
def logout() -> AnyResponse:
    """Let a person out; a copy of the cookie is worth nothing from now on."""
    if current_user.is_authenticated:
        with hotline().database.transaction() as session:
            service.end_sessions(session, staff().id)
    logout_user()
    cookie.clear()
    return redirect(url_for("accounts.login"), 303)


@accounts.get("/invitation")
def invitation() -> str:
    """Ask for the password of a new account. The token stays behind the # of the link, out of every log."""
    return _invitation({}, ())


@accounts.post("/invitation")
def accept_invitation() -> AnyResponse:
    """Set the password and let the person in."""
    form = request.form
    throttle().invitation(address())
    name = NewAccount(form.get("username", ""), form.get("display_name", ""), Role.ADMIN)
    first = name if form.get("username") else None
    try:
        with hotline().database.transaction() as session:
            account = service.accept_invitation(
                hotline(), session, form.get("token", "").strip(), form.get("password", ""), first
            )
    except Refused as refused:
        return Response(_invitation(form.to_dict(), refused.problems), errors.status_of(refused))
    return _enter(account)


def _invitation(values: dict[str, str], problems: tuple[Problem, ...]) -> str:
    with hotline().database.reading() as session:
        first = service.needs_first_administrator(session)
    values.pop("password", None)
    context: dict[str, Any] = {"values": values, "errors": grouped_errors(problems), "first": first}
    return render_template("accounts/invitation.html", token=values.get("token", ""), **context)
