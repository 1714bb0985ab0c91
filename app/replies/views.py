"""The pages on which templates are kept, and the switch for a second person."""

from types import SimpleNamespace
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording
from app.accounts.session import required
from app.current import hotline, staff
from app.intake.views import grouped_errors
from app.problems import Conflict, Refused
from app.replies import service
from app.replies.fields import filled
from app.replies.schema import draft
from app.stale import version_of
from app.work import answering
from models.account import Account
from models.department import Department
from models.reply import ReplyTemplate
from models.vocabulary import Role, topic_groups

replies = Blueprint("replies", __name__, url_prefix="/replies")

readers = required(*service.READERS)
keepers = required(Role.SUPERVISOR, Role.COORDINATOR)
leaders = required(Role.SUPERVISOR)
administrators = required(Role.ADMIN)


@replies.get("")
@readers
def listed() -> str:
    """Show the templates that this person may use, and how the unit has its answers read."""
    return _list(staff(), {})


@replies.get("/all")
@administrators
def everyones() -> str:
    """Show the templates of the city and of every unit as they read, and who changed each last."""
    with hotline().database.reading() as session:
        found = service.everyones(session, request.args.get("after"))
        practices = service.read_by_two(session)
    rows = [
        SimpleNamespace(
            one=kept.template, by=kept.changed_by, reads=filled(kept.template.body, _example_of(kept.template))
        )
        for kept in found.rows
    ]
    return render_template(
        "replies/all.html",
        rows=rows,
        practices=practices,
        next_page=url_for("replies.everyones", after=found.after) if found.after else None,
    )


@replies.post("/second-approval")
@leaders
def second_approval() -> AnyResponse:
    """Switch the second person on or off."""
    try:
        service.ask_for_second(hotline(), staff(), wanted=bool(request.form.get("second_approval")))
    except Refused as refused:
        return Response(_list(staff(), grouped_errors(refused.problems)), errors.status_of(refused))
    return redirect(url_for("replies.listed"), 303)


@replies.get("/new")
@keepers
def new() -> str:
    """Show an empty template."""
    return _page({}, {}, None)


@replies.post("/new")
@keepers
def create() -> AnyResponse:
    """Keep a new template, or show how it would read."""
    return _save(None)


@replies.get("/<uuid:template_id>")
@keepers
def read(template_id: UUID) -> str:
    """Show one template to change it."""
    with hotline().database.reading() as session:
        one = service.found(session, staff(), template_id)
    values = {"title": one.title, "body": one.body, "status": one.status.value, "topic_slug": one.topic_slug or ""}
    return _page(values | {"version": version_of(one.changed_at)}, {}, template_id)


@replies.post("/<uuid:template_id>")
@keepers
def change(template_id: UUID) -> AnyResponse:
    """Keep the changed template, or show how it would read."""
    return _save(template_id)


@replies.post("/<uuid:template_id>/retire")
@keepers
def retire(template_id: UUID) -> AnyResponse:
    """Offer it no more."""
    service.retire(hotline(), staff(), template_id)
    return redirect(url_for("replies.listed"), 303)


def _save(template_id: UUID | None) -> AnyResponse:
    account, form = staff(), request.form
    if template_id is not None:
        with hotline().database.reading() as session:
            service.found(session, account, template_id)
    names = ("title", "body", "status", "topic_slug", "version")
    values = {name: form.get(name, "") for name in names}
    try:
        said = draft(values["title"], values["body"], values["status"], values["topic_slug"])
        if form.get("preview"):
            return Response(_page(values, {}, template_id, preview=filled(said.body, _example(account))))
        service.save(hotline(), account, said, template_id, values["version"])
    except Refused as refused:
        theirs = None
        if isinstance(refused, Conflict) and template_id is not None:
            with hotline().database.reading() as session:
                theirs = service.found(session, account, template_id)
            values["version"] = version_of(theirs.changed_at)  # which the writer sees now
        page = _page(values, grouped_errors(refused.problems), template_id, theirs=theirs)
        return Response(page, errors.status_of(refused))
    return redirect(url_for("replies.listed"), 303)


def _list(account: Account, problems: dict[str, list[str]]) -> str:
    with hotline().database.reading() as session:
        templates = service.listed(session, account)
        second_approval = answering.needs_second(session, account.department_id)
    return render_template(
        "replies/list.html",
        templates=templates,
        may_change=service.may_change(account),
        second_approval=second_approval,
        leads=account.role is Role.SUPERVISOR,
        errors=problems,
    )


def _page(
    values: dict[str, str],
    problems: dict[str, list[str]],
    template_id: UUID | None,
    preview: str | None = None,
    theirs: ReplyTemplate | None = None,
) -> str:
    return render_template(
        "replies/edit.html",
        values=values,
        errors=problems,
        template_id=template_id,
        preview=preview,
        theirs=theirs,
        statuses=[(status.value, wording.reply_words(status)) for status in service.statuses_of(staff())],
        topic_groups=topic_groups(),
        fields=[SimpleNamespace(name=name, example=example) for name, example in _example(staff()).items()],
    )


def _example_of(template: ReplyTemplate) -> dict[str, str]:
    return _filling(template.department) | ({"chủ đề": template.topic.vi} if template.topic else {})


def _example(account: Account) -> dict[str, str]:
    return _filling(account.department)


def _filling(department: Department | None) -> dict[str, str]:
    """Return what the fields hold in a preview."""
    city = hotline().city
    unit = department.vi if department else city.departments[city.coordinator].vi
    due = wording.day_said(hotline().now())
    return {"đơn vị": unit, "hạn": due, "chủ đề": "Đèn đường hư", "nơi": "hẻm 285 Cách Mạng Tháng Tám"}
