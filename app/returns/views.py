"""The page on what comes back."""

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wall, wording
from app.accounts.session import required
from app.assignment import local_date
from app.current import hotline, staff
from app.i18n import gettext as _
from app.i18n import label, language
from app.intake.views import grouped_errors
from app.problems import Refused
from app.returns import service
from app.returns.schema import Period, parse_period
from app.returns.service import Group, Line, Report
from app.review.service import BY_COORDINATOR
from app.units.handover import SUCCESSOR
from models.return_reasons import return_reasons
from models.vocabulary import topics

returns = Blueprint("returns", __name__, url_prefix="/returns")


@returns.get("")
@required(*service.READERS)
def report() -> AnyResponse:
    """Show what units gave back, for which reason, and by which rule it had come to them."""
    today = local_date(hotline(), hotline().now())
    try:
        period = parse_period(request.args, today)
    except Refused as refused:
        shown = _page(parse_period({}, today), Report([], [], None), refused)
        return Response(shown, errors.status_of(refused))
    # what a unit gave back counts for it, wherever the ticket is now
    with wall.for_figures(), hotline().database.reading() as session:
        found = service.report(hotline(), session, staff(), period, request.args.get("after"))
    return Response(_page(period, found, None))


def _page(period: Period, found: Report, refused: Refused | None) -> str:
    days: dict[str, Any] = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    return render_template(
        "returns/report.html",
        period=period,
        values=request.args.to_dict() if refused else days,
        errors=grouped_errors(refused.problems) if refused else {},
        groups=[_group(group) for group in found.groups],
        rows=[_row(line) for line in found.lines],
        group_min=service.GROUP_MIN,
        next_page=url_for("returns.report", **{**days, "after": found.after}) if found.after else None,
    )


def _row(line: Line) -> SimpleNamespace:
    return SimpleNamespace(
        topic=topic_name(line.topic),
        rule=rule_words(line.rule),
        unit=unit_name(line.unit),
        to=unit_name(line.to),
        helping=line.kind == "coordinating",
        reason=_reason(line.reason),
        n=line.n,
        routed=line.routed,
        percent=round(100 * line.share),
    )


def _group(group: Group) -> SimpleNamespace:
    return SimpleNamespace(
        topic=topic_name(group.topic),
        rule=rule_words(group.rule),
        unit=unit_name(group.unit),
        reason=_reason(group.reason),
        n=group.n,
        tickets=[SimpleNamespace(id=ticket_id, at=at) for ticket_id, at in group.tickets],
    )


def topic_name(slug: str) -> str:
    """Return a topic's name; one that the taxonomy does not have is shown as it was written."""
    fact = topics().get(slug)
    return label(fact) if fact else slug or _("Chưa rõ")


def unit_name(department_id: str) -> str:
    """Return a unit's name; one that the city's files do not have is shown as it was written."""
    fact = hotline().city.departments.get(department_id)
    return label(fact) if fact else department_id or "—"


def _reason(slug: str) -> str:
    reason = return_reasons().get(slug)
    return label(reason) if reason else slug


def rule_words(rule_id: str) -> SimpleNamespace:
    """Return where a rule stands in the city's file and what it says; a rule that is no more is only its id."""
    if rule_id in {"", BY_COORDINATOR}:
        return SimpleNamespace(id="", line=None, because=_("Do người quyết định"))
    if rule_id == SUCCESSOR:
        return SimpleNamespace(id="", line=None, because=wording.event_words("handed_over"))
    rule = next((rule for rule in hotline().files.rules.ordered if rule.id == rule_id), None)
    if rule is None:
        return SimpleNamespace(id=rule_id, line=None, because=_("Quy tắc này không còn"))
    return SimpleNamespace(id=rule.id, line=rule.line, because=rule.because if language() == "vi" else rule.because_en)
