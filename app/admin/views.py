"""The administrators' pages: accounts, and the days that offices work."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording, workdays
from app.accounts.service import NewAccount
from app.accounts.session import required
from app.admin import service
from app.current import hotline, staff
from app.intake.views import grouped_errors
from app.problems import NotFound, Problem, Refused, refuse
from app.units.today import open_units
from app.work.views import day_from_form
from app.workdays import Decision
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


@admin.get("/calendar")
@administrators
def calendar() -> str:
    """Show the days of a year that are not as their weekday says, and who decided what and why."""
    return _calendar()


@admin.post("/calendar")
@administrators
def set_day() -> AnyResponse:
    """Decide that a day is off or worked."""
    return _decide(_working)


@admin.post("/calendar/unset")
@administrators
def unset_day() -> AnyResponse:
    """Take a decision back: the day is again as the city's file has it."""
    return _decide(lambda: None)


def _working() -> bool:
    typed = request.form.get("working", "")
    if typed not in {"off", "worked"}:
        raise refuse("working", "not_one_of", expected="off, worked")
    return typed == "worked"


def _decide(read: Callable[[], bool | None]) -> AnyResponse:
    person = staff()
    try:
        decision = Decision(
            day=day_from_form("day"),
            working=read(),
            reason=request.form.get("reason", ""),
            author=person.display_name,
            actor_id=person.id,
        )
        service.decide_on_day(hotline(), decision)
    except Refused as refused:
        return Response(_calendar(refused.problems, request.form.to_dict()), errors.status_of(refused))
    return redirect(url_for("admin.calendar", year=decision.day.year), 303)


def _calendar(problems: tuple[Problem, ...] = (), values: dict[str, str] | None = None) -> str:
    with hotline().database.reading() as session:
        in_force = hotline().calendar(session)
        today = in_force.local_day(hotline().now())
        years = range(today.year - 1, today.year + 4)
        asked = (values or {}).get("day", "")[:4] or request.args.get("year", "")
        year = int(asked) if asked in {str(year) for year in years} else today.year
        return render_template(
            "admin/calendar.html",
            year=year,
            years=years,
            days=in_force.special_days(year),
            changes=workdays.changes(session),
            version=in_force.version,
            errors=grouped_errors(problems),
            values=values or {},
        )


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
