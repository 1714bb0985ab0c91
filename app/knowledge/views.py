"""Public pages of questions and answers, the coordinators' pages that keep them, and answering with one."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors
from app.accounts.session import required
from app.current import hotline, staff
from app.intake.views import grouped_errors
from app.knowledge import service
from app.knowledge.schema import BODY_MAX, Draft, parse_draft
from app.problems import Conflict, Refused
from app.review.views import ticket_page as review_page
from app.stale import version_of
from app.work.views import step_from_form
from app.work.views import ticket_page as work_page
from models.article import Article
from models.vocabulary import Role, topic_groups

questions = Blueprint("questions", __name__, url_prefix="/hoi-dap")
knowledge = Blueprint("knowledge", __name__, url_prefix="/kb")

coordinators = required(Role.COORDINATOR)
answerers = required(Role.COORDINATOR, *access.WORKERS)

QUERY_MAX = 200


@questions.get("")
def listing() -> str:
    """Show the articles that hold today, or those that fit what was typed."""
    typed = request.args.get("q", "")[:QUERY_MAX]
    with hotline().database.reading() as session:
        articles = service.found(hotline(), session, typed)
    return render_template("knowledge/list.html", articles=articles, typed=typed)


@questions.get("/<uuid:article_id>")
def read(article_id: UUID) -> str:
    """Show one article."""
    with hotline().database.reading() as session:
        article = service.public_article(hotline(), session, article_id)
    body = Markup(service.rendered(article.body))  # noqa: S704 - made by a Markdown library that lets no HTML through
    return render_template("knowledge/read.html", article=article, body=body)


@knowledge.get("")
@coordinators
def articles() -> str:
    """Show every article, the longest unreviewed first."""
    with hotline().database.reading() as session:
        found = service.every(session)
    return render_template("knowledge/keep.html", articles=found)


@knowledge.get("/new")
@coordinators
def new() -> str:
    """Show an empty article."""
    return _form({}, {}, None)


@knowledge.post("/new")
@coordinators
def create() -> AnyResponse:
    """Keep a new article."""
    return _save(None)


@knowledge.get("/<uuid:article_id>")
@coordinators
def edit(article_id: UUID) -> str:
    """Show an article to be changed."""
    with hotline().database.reading() as session:
        article = service.article(session, article_id)
    return _form(_values(article) | {"version": version_of(article.reviewed_at)}, {}, article_id)


@knowledge.post("/<uuid:article_id>")
@coordinators
def change(article_id: UUID) -> AnyResponse:
    """Keep what an article has become."""
    return _save(article_id)


@knowledge.post("/answer/<uuid:ticket_id>")
@answerers
def answer(ticket_id: UUID) -> AnyResponse:
    """Answer a question with an article."""
    account = staff()
    try:
        service.answer_with(hotline(), account, step_from_form(ticket_id, ""), _article_id())
    except Refused as refused:
        page = review_page if account.role is Role.COORDINATOR else work_page
        return Response(page(account, ticket_id, refused), errors.status_of(refused))
    return redirect(url_for("work.ticket", ticket_id=ticket_id), 303)


def _article_id() -> UUID:
    try:
        return UUID(request.form.get("article_id", ""))
    except ValueError:
        return UUID(int=0)  # which is no article's


def _save(article_id: UUID | None) -> AnyResponse:
    fields = {name: request.form.get(name, "") for name in Draft.model_fields}
    try:
        service.save(hotline(), staff(), parse_draft(fields), article_id, request.form.get("version", ""))
    except Refused as refused:
        values, theirs = request.form.to_dict(), None
        if isinstance(refused, Conflict) and article_id is not None:
            with hotline().database.reading() as session:
                theirs = service.article(session, article_id)
            values["version"] = version_of(theirs.reviewed_at)  # which the writer sees now
        page = _form(values, grouped_errors(refused.problems), article_id, theirs)
        return Response(page, errors.status_of(refused))
    return redirect(url_for("knowledge.articles"), 303)


def _form(
    values: dict[str, Any], problems: dict[str, list[str]], article_id: UUID | None, theirs: Article | None = None
) -> str:
    target = url_for("knowledge.change", article_id=article_id) if article_id else url_for("knowledge.create")
    return render_template(
        "knowledge/edit.html",
        values=values,
        errors=problems,
        target=target,
        new=article_id is None,
        theirs=theirs,
        topic_groups=topic_groups(),
        body_max=BODY_MAX,
    )


def _values(article: Article) -> dict[str, Any]:
    return {name: "" if (value := getattr(article, name)) is None else str(value) for name in Draft.model_fields}
