"""The page on which staff answer a person who asks for their data. The number is in bodies alone, never in an address.

What is shown are cases by day and state; no word of a citizen but in the file that is for them.
"""

import json

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors, wording
from app.accounts.session import required
from app.current import hotline, staff
from app.intake.views import grouped_errors
from app.persons import service
from app.persons.erasure import Asked
from app.persons.reveal import REASON_MAX
from app.persons.service import Found
from app.problems import Problem, Refused, refuse

persons = Blueprint("persons", __name__, url_prefix="/admin/persons")

stewards = required(*access.STEWARDS)


@persons.get("")
@stewards
def ask() -> str:
    """Show where a number is typed."""
    return _page()


@persons.post("")
@stewards
def find() -> AnyResponse:
    """Show how many cases a number has, and which are under legal hold."""
    try:
        found = service.find(hotline(), _number(), _by_staff())
    except Refused as refused:
        return _refused(refused)
    return Response(_page(found=found))


@persons.post("/export")
@stewards
def export() -> AnyResponse:
    """Send all that is kept of a person, for them."""
    try:
        kept = service.export(hotline(), _number(), _by_staff())
    except Refused as refused:
        return _refused(refused)
    sent = Response(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", mimetype="application/json")
    name = f"du-lieu-ca-nhan-{wording.city_time(hotline().now()):%Y-%m-%d-%H%M}.json"
    sent.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return sent


@persons.post("/ask-erase")
@stewards
def ask_erase() -> AnyResponse:
    """Show what would go and what would stay, and ask why."""
    try:
        found = service.find(hotline(), _number(), _by_staff())
    except Refused as refused:
        return _refused(refused)
    return Response(_confirm(found))


@persons.post("/erase")
@stewards
def erase() -> AnyResponse:
    """Take the person out of their cases, for a reason, after it was confirmed."""
    try:
        number = _number()
    except Refused as refused:
        return _refused(refused)
    try:
        asked = _asked()
    except Refused as refused:
        found = service.find(hotline(), number, _by_staff())
        return Response(_confirm(found, refused.problems), errors.status_of(refused))
    done, held = service.erase(hotline(), number, asked)
    return Response(_page(erased=done, held=held))


def _asked() -> Asked:
    """Return why somebody erases; raise `Refused` with every field that will not do."""
    problems: list[Problem] = []
    try:
        asked = service.checked(Asked(staff().id, request.form.get("reason", "")))
    except Refused as refused:
        problems += refused.problems
    if not request.form.get("sure"):
        problems.append(Problem("sure", "not_sure"))
    if problems:
        raise Refused(problems)
    return asked


def _number() -> str:
    typed = request.form.get("phone", "")
    if not typed.strip():
        raise refuse("phone", "required")
    return service.number_of(typed)


def _by_staff() -> Asked:
    return Asked(staff().id)


def _refused(refused: Refused) -> AnyResponse:
    return Response(_page(refused.problems), errors.status_of(refused))


def _page(
    problems: tuple[Problem, ...] = (),
    found: list[Found] | None = None,
    erased: int | None = None,
    held: list[Found] | None = None,
) -> str:
    return render_template(
        "persons/page.html",
        values={"phone": request.form.get("phone", "")},
        errors=grouped_errors(problems),
        found=found,
        erased=erased,
        held=held or [],
    )


def _confirm(found: list[Found], problems: tuple[Problem, ...] = ()) -> str:
    return render_template(
        "persons/erase.html",
        values=request.form.to_dict(),
        errors=grouped_errors(problems),
        going=[one for one in found if one.hold is None],
        held=[one for one in found if one.hold is not None],
        reason_max=REASON_MAX,
    )
