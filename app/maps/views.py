"""The public map: what is drawn on it, and the figures beside it."""

import csv
import io
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.current import hotline, public_figures
from app.i18n import gettext as _
from app.i18n import label
from app.intake.views import grouped_errors
from app.maps.outline import drawing_of
from app.maps.schema import PERIODS, Asked, parse_asked, public_groups
from app.maps.service import FEWEST, Figure, Figures
from app.problems import Refused
from app.wording import number
from models.vocabulary import Outcome, topic_groups, topics

maps = Blueprint("maps", __name__)

#: Seconds for which a browser keeps the outline, and figures, without asking again.
OUTLINE_LIFE: Final = 86400
FIGURES_LIFE: Final = 60
#: Lines of a table before the rest is folded.
UNFOLDED: Final = 12
#: Who may do what with the figures.
LICENCE: Final = "https://creativecommons.org/publicdomain/zero/1.0/"
COLUMNS: Final = (
    "from", "to", "group", "topic", "topic_vi", "ward", "ward_name",
    "received", "answered", "open", "late", "elsewhere", "in_time", "with_deadline", "median_days",
)  # fmt: skip


@maps.get("/ban-do")
def page() -> AnyResponse:
    """Show how many reports there are where, and what becomes of them."""
    try:
        asked = parse_asked(request.args, hotline().files)
    except Refused as refused:
        return Response(_page(Asked(), request.args, grouped_errors(refused.problems)), errors.status_of(refused))
    return Response(_page(asked, asked.address(), {}))


@maps.get("/ban-do.csv")
def table() -> Response:
    """Return the figures as open data: a line for each topic in each ward of which there are enough reports."""
    asked = parse_asked(request.args, hotline().files)
    found = public_figures().of(asked)
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for topic, ward, figure in public_figures().cells(asked):
        fact = topics()[topic]
        names = (found.first, found.last, fact.group, topic, fact.vi, ward, hotline().files.wards[ward].name)
        lines.writerow([*names, *_numbers(figure)])
    response = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="phan-anh-{found.first}-{found.last}.csv"'
    response.headers["Link"] = f'<{LICENCE}>; rel="license"'
    return for_a_minute(response)


@maps.get("/ban-do/ranh-gioi.geojson")
def outline() -> AnyResponse:
    """Return how the city's wards lie, to be drawn under pins."""
    drawing = drawing_of(hotline().files)
    small = request.accept_encodings.quality("gzip") > 0
    response = Response(drawing.compressed if small else drawing.plain, mimetype="application/geo+json")
    if small:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{drawing.digest}-gzip" if small else drawing.digest)
    response.cache_control.public = True
    response.cache_control.max_age = OUTLINE_LIFE
    return response.make_conditional(request)


def for_a_minute(response: Response) -> Response:
    """Let whoever has asked, and what lies between, keep figures for as long as we do."""
    response.cache_control.public = True
    response.cache_control.max_age = FIGURES_LIFE
    return response


def _numbers(figure: Figure) -> tuple[int | None, ...]:
    return (
        figure.received, figure.answered, figure.open, figure.late, figure.elsewhere, figure.in_time, figure.promised,
        figure.median_days,
    )  # fmt: skip


def _page(asked: Asked, values: Mapping[str, Any], problems: dict[str, list[str]]) -> str:
    found = public_figures().of(asked)
    here = url_for("maps.page", **asked.address())  # type: ignore[arg-type]
    return render_template(
        "maps/page.html",
        asked=asked,
        values=values,
        errors=problems,
        found=found,
        total=_line(_("Tất cả"), found.total, found.total.received),
        wards=_wards(asked, found),
        topics=_topics(found),
        circles=_circles(asked, found),
        unfolded=UNFOLDED,
        fewest=FEWEST,
        licence=LICENCE,
        options=_options(),
        share=hotline().settings.public_url + here,
        csv=url_for("maps.table", **asked.address()),  # type: ignore[arg-type]
        api=url_for("api.public_map", **asked.address()),  # type: ignore[arg-type]
    )


def _options() -> SimpleNamespace:
    groups = [group for group in topic_groups() if group.slug in public_groups()]
    return SimpleNamespace(
        days=[(str(days), _("{n} ngày qua").format(n=days)) for days in PERIODS],
        group=[(group.slug, label(group)) for group in groups],
        ward=sorted(((ward.code, ward.name) for ward in hotline().files.wards.values()), key=lambda pair: pair[1]),
        status=[(outcome.value, outcome_words(outcome)) for outcome in Outcome],
    )


def outcome_words(outcome: Outcome) -> str:
    """Return how reports stand, as people say it."""
    return {
        Outcome.OPEN: _("Đang làm"),
        Outcome.ANSWERED: _("Đã trả lời"),
        Outcome.ELSEWHERE: _("Hướng dẫn nơi khác, không nhận"),
    }[outcome]


def _line(name: str, figure: Figure, most: int, url: str | None = None) -> SimpleNamespace:
    """Return one line of a table; `share` is its bar, of 100."""
    return SimpleNamespace(
        name=name,
        url=url,
        told=figure.told,
        figure=figure,
        on_time=None if figure.on_time is None else round(100 * figure.on_time),
        share=round(100 * figure.received / most, 1) if most else 0,
    )


def _wards(asked: Asked, found: Figures) -> list[SimpleNamespace]:
    names = hotline().files.wards
    most = max((figure.received for figure in found.wards.values()), default=0)
    lines = [_line(names[code].name, figure, most, _ward_address(asked, code)) for code, figure in found.wards.items()]
    if found.rest.received:
        lines.append(_line(_("Nơi khác hoặc chưa rõ phường, xã"), found.rest, most))
    return lines


def _ward_address(asked: Asked, code: str) -> str:
    return url_for("maps.page", **asked.address(ward=code))  # type: ignore[arg-type]


def _topics(found: Figures) -> list[SimpleNamespace]:
    most = max((figure.received for figure in found.topics.values()), default=0)
    lines = [_line(label(topics()[slug]), figure, most) for slug, figure in found.topics.items()]
    if found.rest_of_topics.received:
        lines.append(_line(_("Các chủ đề khác"), found.rest_of_topics, most))
    return lines


def _circles(asked: Asked, found: Figures) -> dict[str, dict[str, str | int]]:
    return {
        code: {
            "count": figure.received,
            "shown": number(figure.received),
            "label": _("{ward}: {n} phản ánh").format(ward=hotline().files.wards[code].name, n=number(figure.received)),
            "url": _ward_address(asked, code),
        }
        for code, figure in found.wards.items()
    }
