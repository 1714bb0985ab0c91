"""The administrators' pages of rules and topics: to read and to try; they are changed in the city's files."""

from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording
from app.accounts.session import required
from app.admin import rules as service
from app.admin.sources import sources
from app.assignment import local_date
from app.current import hotline
from app.i18n import label
from app.intake.views import grouped_errors
from app.problems import NotFound, Problem, Refused
from models.vocabulary import Role, SubmissionType, Urgency, topic_groups, topics

admin_rules = Blueprint("admin_rules", __name__, url_prefix="/admin")

administrators = required(Role.ADMIN)


@admin_rules.get("/rules")
@administrators
def rules() -> str:
    """Show the rules of a topic, and what changed when."""
    return _page()


@admin_rules.post("/rules/try")
@administrators
def try_text() -> AnyResponse:
    """Show what becomes of a text; it is kept nowhere."""
    form = request.form
    try:
        asked = (form.get("topic", ""), form.get("kind", ""), form.get("urgency", ""), form.get("text", ""))
        tried = service.attempt(hotline(), *asked)
    except Refused as refused:
        return Response(_page(refused.problems, form.to_dict()), errors.status_of(refused))
    return Response(_page(values=form.to_dict(), tried=tried, unit=_unit(tried.decision.lead)))


@admin_rules.post("/rules/preview")
@administrators
def preview() -> AnyResponse:
    """Show what another rules file would have made of the last tickets."""
    file = request.files.get("file")
    try:
        replay = service.preview(hotline(), file.read(service.FILE_MAX + 1) if file else b"")
    except Refused as refused:
        return Response(_page(refused.problems), errors.status_of(refused))
    moves = [(_topic(move.topic), _unit(move.before), _unit(move.after), move) for move in replay.moves[:50]]
    return Response(_page(replay=replay, moves=moves))


def _unit(unit_id: str) -> str:
    found = hotline().city.unit(unit_id, local_date(hotline(), hotline().now()))
    return label(found) if found is not None else unit_id


def _topic(slug: str | None) -> str:
    found = topics().get(slug or "")
    return label(found) if found is not None else "—"


def _page(problems: tuple[Problem, ...] = (), values: dict[str, str] | None = None, **more: Any) -> str:
    typed = values or {}
    topic = typed.get("topic") or request.args.get("topic") or next(iter(topics()))
    if topic not in topics():
        if not values:
            raise NotFound
        topic = next(iter(topics()))
    with hotline().database.reading() as session:
        history = service.history(session)
    context: dict[str, Any] = {"tried": None, "replay": None} | more
    return render_template(
        "admin/rules.html",
        topic=topic,
        groups=topic_groups(),
        rules=service.of_topic(hotline(), topic, local_date(hotline(), hotline().now())),
        history=history,
        kinds=[(kind.value, wording.type_words(kind)) for kind in SubmissionType],
        urgencies=[(one.value, wording.urgency_words(one)) for one in Urgency],
        version=hotline().city.version,
        tried_on=service.TRIED,
        sources=sources(hotline()),
        errors=grouped_errors(problems),
        values=typed,
        **context,
    )


@admin_rules.get("/topics")
@administrators
def topic_list() -> str:
    """Show every topic: what it means, and how long each kind of case may take."""
    sla = hotline().city.sla
    return render_template(
        "admin/topics.html",
        groups=[(group, [(topic, sla.of(topic.slug)) for topic in group.topics]) for group in topic_groups()],
        sources=sources(hotline()),
    )
