"""Logging in and out, and the one-time links by which people come in the first time."""

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.accounts import factors, federation, known_device, service, staff_sessions
from app.accounts.factors import Shown
from app.accounts.provider import Begun, ProviderAway, ProviderRefused, provider
from app.accounts.service import NewAccount
from app.accounts.session import StaffMember
from app.audit.record import record
from app.current import address, hotline, sitting, staff, throttle
from app.demonstration import is_demonstration
from app.intake.views import grouped_errors
from app.problems import NotFound, Problem, Refused
from models.account import Account, StaffSession
from models.vocabulary import AuditKind, LoginMethod, Role

accounts = Blueprint("accounts", __name__, url_prefix="/accounts")

#: Where each role's day begins.
HOME = {
    Role.CALL_TAKER: "desk.form",
    Role.COORDINATOR: "review.queue",
    Role.HANDLER: "work.queue",
    Role.SUPERVISOR: "work.queue",
    Role.AUDITOR: "work.queue",
    Role.ADMIN: "admin.overview",
}
#: What the cookie holds between the steps of a login, and for how long each step may take, in seconds.
PENDING: Final = "pending"
AT_PROVIDER: Final = "provider"
STEP_LIFE: Final = 600


@accounts.get("/login")
def login() -> str | AnyResponse:
    """Ask who it is."""
    if current_user.is_authenticated:
        return redirect(url_for(HOME[staff().role]), 303)
    return _login_page()


def _login_page(problem: str = "", username: str = "", status: int = 200) -> AnyResponse:
    there = provider()
    page = render_template(
        "accounts/login.html",
        values={"username": username},
        errors=grouped_errors((Problem("", problem),)) if problem else {},
        next=request.values.get("next", ""),
        provider=there.settings.name if there else None,
        leave=there.logout_url(_own_login()) if there and "left" in request.args else None,
    )
    return Response(page, status)


def _own_login() -> str:
    return hotline().settings.public_url + url_for("accounts.login")


@accounts.post("/login")
def log_in() -> AnyResponse:
    """Let a person in. Wrong name, wrong password and disabled account look and cost the same."""
    username, password = request.form.get("username", "")[:200], request.form.get("password", "")
    throttle().login(address(), username, known_device.recognised(hotline(), username))
    with hotline().database.reading() as session:
        account = service.authenticate(session, username, password)
    if account is None:
        with hotline().database.transaction() as session:
            service.note_failure(hotline(), session, username)
        return _login_page("login", username, 403)
    return _after_first_step(account, LoginMethod.PASSWORD, request.form.get("next", ""))


def _after_first_step(account: Account, method: LoginMethod, target: str, *, strong: bool = False) -> AnyResponse:
    """Ask for the second factor of who has one, unless the provider has seen one; let others in."""
    with hotline().database.reading() as session:
        asks = not strong and factors.is_set(session, account.id)
    if not asks:
        return _enter(account, method, target, strong=strong)
    cookie.clear()
    cookie.permanent = True
    cookie[PENDING] = {
        "account": account.id.hex,
        "epoch": account.session_epoch,
        "method": method.value,
        "at": hotline().now().timestamp(),
        "next": target[:500],
    }
    return redirect(url_for("accounts.second_step"), 303)


@accounts.get("/second-step")
def second_step() -> str | AnyResponse:
    """Ask for a code of the authenticator app, or a recovery code."""
    if _pending() is None:
        return redirect(url_for("accounts.login"), 303)
    return render_template("accounts/second_step.html", errors={})


@accounts.post("/second-step")
def take_second_step() -> AnyResponse:
    """Let in who shows a code that is right and was not used."""
    pending = _pending()
    if pending is None:
        return _login_page("second_step", status=403)
    begun, account = pending
    throttle().second_step(account.id.hex)
    with hotline().database.transaction() as session:
        shown = factors.check(hotline(), session, account.id, request.form.get("code", ""))
        if shown is None:
            record(session, hotline().now(), AuditKind.SECOND_STEP_FAILED, account=account.id)
    if shown is None:
        page = render_template("accounts/second_step.html", errors=grouped_errors((Problem("code", "second_code"),)))
        return Response(page, 403)
    home = url_for("own.overview") if shown is Shown.RECOVERY else ""
    return _enter(account, LoginMethod(begun["method"]), home or begun["next"], strong=True)


def _pending() -> tuple[dict[str, Any], Account] | None:
    """Return the first step that was taken in this browser, with its account as it was then, if it still counts."""
    begun = cookie.get(PENDING)
    if not begun or not 0 <= hotline().now().timestamp() - begun["at"] <= STEP_LIFE:
        return None
    with hotline().database.reading() as session:
        account = session.get(Account, UUID(begun["account"]))
    if account is None or account.disabled or account.session_epoch != begun["epoch"]:
        return None
    return begun, account


def member_of(found: StaffSession) -> StaffMember:
    """Return a session as Flask-Login wants it, with whether its person owes a second factor."""
    account = found.account
    owes = factors.required_of(account) and not found.strong and not is_demonstration(hotline())
    return StaffMember(found, account, owes_factor=owes)


def _enter(account: Account, method: LoginMethod, target: str, *, strong: bool) -> AnyResponse:
    # A session that somebody else may have begun in this browser ends here.
    cookie.clear()
    cookie.permanent = True
    with hotline().database.transaction() as session:
        begun = staff_sessions.begin(hotline(), session, account, method, request.user_agent.string, strong=strong)
        record(session, hotline().now(), AuditKind.LOGIN, account=account.id, actor=account.id, detail=method)
        begun.account = session.get_one(Account, account.id)
    member = member_of(begun)
    login_user(member)
    to = url_for("own.second_factor") if member.owes_factor else on_site(target) or url_for(HOME[account.role])
    response = redirect(to, 303)
    known_device.remember(hotline(), response, account.username)
    return response


def stay_after_change(account: Account) -> AnyResponse:
    """Let a person who has just changed their password go on in a new session; all others are over."""
    here = sitting()
    return _enter(account, here.method, url_for("own.overview"), strong=here.strong)


def leave_for_login() -> AnyResponse:
    """Forget who is in this browser and ask again."""
    logout_user()
    cookie.clear()
    return redirect(url_for("accounts.login"), 303)


def on_site(target: str) -> str | None:
    """Return a target that surely stays here: one slash, then no second slash or backslash."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if safe and target.isprintable() else None


@accounts.get("/sso")
def sso() -> AnyResponse:
    """Send a person to the OpenID provider. A link and no form: no form of ours may lead to another site."""
    there = provider()
    if there is None:
        raise NotFound
    throttle().provider(address())
    try:
        begun = there.begin()
    except ProviderAway:
        return _login_page("sso_away", status=503)
    cookie.clear()
    cookie.permanent = True
    cookie[AT_PROVIDER] = {
        "state": begun.state,
        "nonce": begun.nonce,
        "verifier": begun.verifier,
        "at": hotline().now().timestamp(),
        "next": request.args.get("next", "")[:500],
    }
    return redirect(begun.url, 303)


@accounts.get("/sso/back")
def sso_back() -> AnyResponse:
    """Let in whom the provider vouches for; what was begun in this browser is used up, whatever comes of it."""
    there = provider()
    if there is None:
        raise NotFound
    begun = cookie.pop(AT_PROVIDER, None)
    if not begun or not 0 <= hotline().now().timestamp() - begun["at"] <= STEP_LIFE:
        return _login_page("sso_refused", status=403)
    try:
        going = Begun("", begun["state"], begun["nonce"], begun["verifier"])
        claims = there.finish(going, request.args.to_dict())
        account = federation.account_of(hotline(), there.posts, claims)
    except ProviderAway:
        return _login_page("sso_away", status=503)
    except ProviderRefused:
        return _login_page("sso_refused", status=403)
    except Refused as refused:
        return _login_page(refused.problems[0].code, status=403)
    return _after_first_step(account, LoginMethod.OIDC, begun["next"], strong=claims.strong)


@accounts.post("/logout")
def logout() -> AnyResponse:
    """Let a person out; a copy of the cookie is worth nothing from now on."""
    left = None
    if current_user.is_authenticated:
        account, here = staff(), sitting()
        with hotline().database.transaction() as session:
            staff_sessions.end(hotline(), session, account.id, here.id)
            record(session, hotline().now(), AuditKind.LOGOUT, account=account.id, actor=account.id)
        left = "1" if here.method is LoginMethod.OIDC else None
    logout_user()
    cookie.clear()
    return redirect(url_for("accounts.login", left=left), 303)


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
    return _after_first_step(account, LoginMethod.INVITATION, "")


def _invitation(values: dict[str, str], problems: tuple[Problem, ...]) -> str:
    with hotline().database.reading() as session:
        first = service.needs_first_administrator(session)
    values.pop("password", None)
    context: dict[str, Any] = {"values": values, "errors": grouped_errors(problems), "first": first}
    return render_template("accounts/invitation.html", token=values.get("token", ""), **context)
