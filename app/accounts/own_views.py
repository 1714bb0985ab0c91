"""One's own account: password, second factor, devices, tokens. Secrets are shown on the page that makes them, once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording
from app.accounts import factors, service, staff_sessions, tokens
from app.accounts.factors import Offer
from app.accounts.session import required, signed_in
from app.accounts.tokens import NewToken
from app.accounts.views import leave_for_login, stay_after_change
from app.audit.record import record
from app.current import hotline, sitting, staff, throttle
from app.intake.views import grouped_errors
from app.problems import NotFound, Problem, Refused, refuse
from models.account import Account, StaffSession
from models.vocabulary import AuditKind, Role, Scope

own = Blueprint("own", __name__, url_prefix="/accounts/me")

everybody = required(*Role)


@own.get("")
@everybody
def overview() -> str:
    """Show one's account, the devices that are logged in, and one's tokens."""
    return _page()


@own.post("/password")
@everybody
def change_password() -> AnyResponse:
    """Change one's password; every other device is logged out."""
    account, form = staff(), request.form
    throttle().secret_asked(account.id.hex)
    try:
        with hotline().database.transaction() as session:
            mine = session.get_one(Account, account.id)
            service.change_password(hotline(), session, mine, form.get("current", ""), form.get("password", ""))
    except Refused as refused:
        return _refused(refused)
    return stay_after_change(mine)


@own.get("/second-factor")
@signed_in
def second_factor() -> str | AnyResponse:
    """Show the code for the authenticator app, or what is set up already."""
    if _has_factor():  # set, but not shown in a session that owes one: the login asks for it
        return leave_for_login() if _owes() else redirect(url_for("own.overview"), 303)
    return _set_up(factors.new_offer(hotline(), staff()))


def _owes() -> bool:
    return bool(current_user.owes_factor)


@own.post("/second-factor")
@signed_in
def confirm_second_factor() -> AnyResponse:
    """Take the app's first code; the recovery codes are shown this once."""
    account, form = staff(), request.form
    throttle().secret_asked(account.id.hex)
    sealed = form.get("offer", "")[:1000]
    try:
        with hotline().database.transaction() as session:
            codes = factors.set_up(hotline(), session, account, sealed, form.get("code", ""))
            session.get_one(StaffSession, sitting().id).strong = True
    except Refused as refused:
        return Response(_set_up(_offer_again(sealed), refused.problems), errors.status_of(refused))
    current_user.owes_factor = False
    return _recovery(codes)


def _offer_again(sealed: str) -> Offer:
    try:
        return factors.same_offer(hotline(), staff(), sealed)
    except Refused:
        return factors.new_offer(hotline(), staff())


def _set_up(offer: Offer, problems: tuple[Problem, ...] = ()) -> str:
    return render_template("accounts/second_factor.html", offer=offer, errors=grouped_errors(problems), owes=_owes())


def _recovery(codes: list[str]) -> AnyResponse:
    return Response(render_template("accounts/recovery.html", codes=codes), 201)


@own.post("/second-factor/off")
@everybody
def second_factor_off() -> AnyResponse:
    """Take the second factor off, for a new telephone; who must have one is led to set it up again."""
    account = staff()

    def take_off(session: Session) -> None:
        factors.take_off(hotline(), session, account, request.form.get("code", ""))
        session.get_one(StaffSession, sitting().id).strong = False

    return _do(take_off) or redirect(url_for("own.second_factor"), 303)


@own.post("/recovery-codes")
@everybody
def renew_recovery_codes() -> AnyResponse:
    """Make new recovery codes; they are shown this once, and the old ones are worth nothing."""
    codes: list[str] = []

    def renew(session: Session) -> None:
        typed = request.form.get("renew_code", "")
        try:
            codes.extend(factors.renew_recovery_codes(hotline(), session, staff(), typed))
        except Refused as refused:
            raise Refused(Problem("renew_code", p.code, p.params) for p in refused.problems) from None

    return _do(renew) or _recovery(codes)


def _do(act: Callable[[Session], None]) -> AnyResponse | None:
    """Do what asks for a code, counted; return the page that says what is wrong, or None if all went well."""
    throttle().secret_asked(staff().id.hex)
    try:
        with hotline().database.transaction() as session:
            act(session)
    except Refused as refused:
        return _refused(refused)
    return None


def _refused(refused: Refused) -> AnyResponse:
    return Response(_page(refused.problems), errors.status_of(refused))


@own.post("/sessions/end")
@everybody
def end_session() -> AnyResponse:
    """Log one device out, or all of them, this one too."""
    account, which = staff(), request.form.get("session_id", "")
    with hotline().database.transaction() as session:
        if which == "all":
            staff_sessions.end_all(hotline(), session, account.id)
        else:
            staff_sessions.end(hotline(), session, account.id, _uuid(which))
        record(session, hotline().now(), AuditKind.SESSIONS_ENDED, account=account.id, actor=account.id)
    gone = which == "all" or _uuid(which) == sitting().id
    return leave_for_login() if gone else redirect(url_for("own.overview"), 303)


@own.post("/tokens")
@everybody
def create_token() -> AnyResponse:
    """Make a bearer token; it is shown this once."""
    account, form = staff(), request.form
    try:
        scopes = tokens.scopes_from(form.getlist("scopes"))
        new = NewToken(form.get("name", ""), scopes, _days(form.get("days", "")))
        with hotline().database.transaction() as session:
            made = tokens.new_token(hotline(), session, account, new, account.id)
    except Refused as refused:
        return Response(_page(refused.problems, form.to_dict()), errors.status_of(refused))
    return Response(_page(new_token=made), 201)


def _days(typed: str) -> int:
    if typed not in set(map(str, tokens.LIVES)):
        raise refuse("days", "not_one_of", expected=", ".join(map(str, tokens.LIVES)))
    return int(typed)


@own.post("/tokens/revoke")
@everybody
def revoke_token() -> AnyResponse:
    """Take a token back for good."""
    account = staff()
    with hotline().database.transaction() as session:
        tokens.revoke(hotline(), session, account.id, _uuid(request.form.get("token_id", "")), account.id)
    return redirect(url_for("own.overview"), 303)


def _has_factor() -> bool:
    with hotline().database.reading() as session:
        return factors.is_set(session, staff().id)


def _uuid(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise NotFound from None


def _page(
    problems: tuple[Problem, ...] = (), values: dict[str, str] | None = None, new_token: str | None = None
) -> str:
    account = staff()
    with hotline().database.reading() as session:
        context: dict[str, Any] = {
            "mine": account,
            "has_factor": factors.is_set(session, account.id),
            "must_have_factor": factors.required_of(account),
            "codes_left": factors.recovery_codes_left(session, account.id),
            "sessions": staff_sessions.alive_of(hotline(), session, account.id),
            "here": sitting(),
            "tokens": tokens.of(session, account.id),
        }
    return render_template(
        "accounts/me.html",
        **context,
        now=hotline().now(),
        scopes=[(scope.value, wording.scope_words(scope)) for scope in Scope],
        chosen=request.form.getlist("scopes"),
        lives=tokens.LIVES,
        usual_life=tokens.USUAL_LIFE,
        new_token=new_token,
        errors=grouped_errors(problems),
        values=values or {},
    )
