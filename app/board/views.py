"""The leader's pages: the board, the tickets behind a figure, what each figure is, the screen on the wall, files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import access, errors, surges
from app.accounts.session import required
from app.assignment import local_date
from app.board import charts, definitions, report, schema, service, words
from app.board.definitions import BY_NAME, DEFINITIONS, Definition
from app.board.figures import Counts
from app.board.schema import DIMENSIONS, FILTERS, TIMES, Asked
from app.board.service import FEW, FEW_STARS, Board, HotSpot, Line, Ranked
from app.current import hotline, staff
from app.deadlines import standing
from app.i18n import gettext as _
from app.i18n import language
from app.intake.views import grouped_errors
from app.problems import NotFound, Refused
from app.returns.schema import Period
from app.work.views import row_of
from models.vocabulary import ExportForm, Role
from routing.city import City

board = Blueprint("board", __name__, url_prefix="/board")

#: The figures that have a card, in the order in which a leader looks; others are in the tables.
CARDS: Final = (
    "received", "on_time_rate", "late", "open", "stars", "answer_time", "first_action", "reopened", "returned",
)  # fmt: skip
#: Those of the screen on the wall.
ON_THE_WALL: Final = ("received", "open", "on_time_rate", "late", "stars", "answer_time")
#: So many lines of a table are seen at once, with their bars; the rest is folded up.
SHOWN_FIRST: Final = 12
#: Seconds until the screen on the wall asks again.
REFRESH: Final = 60
KINDS: Final[Mapping[ExportForm, str]] = {
    ExportForm.PDF: "application/pdf",
    ExportForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

leaders = required(*access.LEADERS)


@dataclass(frozen=True)
class Card:
    """A figure for the eye."""

    definition: Definition
    value: str
    before: words.Change
    target: words.Change | None
    spark: charts.Drawing
    beside: str
    tickets: str


@board.get("")
@leaders
def overview() -> AnyResponse:
    """Show the figures of a period with the last one, the target and their definitions."""
    return _answer(_overview)


def _answer(shown: Any) -> AnyResponse:
    """Answer a question; one that cannot be meant is shown beside the usual answer."""
    city, today = hotline().city, _today()
    try:
        return Response(shown(schema.parse(request.args, city, today, _usual_dimension()), None))
    except Refused as refused:
        usual = schema.parse({}, city, today, _usual_dimension())
        return Response(shown(usual, refused), errors.status_of(refused))


def _today() -> date:
    return local_date(hotline(), hotline().now())


def _usual_dimension() -> str:
    return "topic" if staff().role is Role.SUPERVISOR else "unit"


def _overview(asked: Asked, refused: Refused | None) -> str:
    with hotline().database.reading() as session:
        found = service.board(hotline(), session, staff(), asked)
        rising = surges.open_surges(session) if found.only_unit is None else ()
        taken = service.exports(session, staff())
    city = hotline().city
    return render_template(
        "board/board.html",
        asked=asked,
        found=found,
        values=request.args.to_dict() if refused else asked.address(),
        errors=grouped_errors(refused.problems) if refused else {},
        unit=words.key(city, "unit", found.only_unit) if found.only_unit else None,
        chips=_chips(city, asked),
        presets=_presets(asked),
        dimensions=[(by, words.dimension(by)) for by in DIMENSIONS],
        cards=[_card(name, found) for name in CARDS],
        trend=_trend(found),
        lines=_table(city, found),
        ranking=[_ranked(city, asked, one) for one in found.ranking or ()],
        hot_spots=[_hot_spot(city, asked, one) for one in found.hot_spots],
        wards=_wards(city, found),
        rising=rising,
        exports=taken,
        few=FEW,
        few_stars=FEW_STARS,
        shown_first=SHOWN_FIRST,
        words=words,
        BY_NAME=BY_NAME,
        month=_month_before(_today()),
    )


def _card(name: str, found: Board) -> Card:
    definition = BY_NAME[name]
    values = [words.of(counts, name) for counts in found.row]
    target = hotline().files.targets.of.get(name)
    return Card(
        definition=definition,
        value=words.value(definition.kind, values[-1]),
        before=words.against_before(definition, values[-1], values[-2]),
        target=words.against_target(definition, values[-1], target),
        spark=charts.spark(values),
        beside=_beside(name, found.total),
        tickets=url_for("board.tickets", figure=name, **found.asked.address(by=None)),
    )


def _beside(name: str, counts: Counts) -> str:
    """Return the counts without which a figure says little."""
    match name:
        case "received":
            return _("{done} xong, {open} còn mở, {merged} gộp").format(
                done=words.number(counts.done), open=words.number(counts.open), merged=words.number(counts.merged)
            )
        case "on_time_rate":
            return _("{n} đúng hạn trên {of} phiếu đã rõ").format(
                n=words.number(counts.on_time), of=words.number(counts.decided)
            )
        case "stars":
            return _("{n} lượt chấm").format(n=words.number(counts.rated))
        case "reopened":
            rate = words.value("rate", counts.reopened_rate)
            return _("{rate} của {of} phiếu đã trả lời").format(rate=rate, of=words.number(counts.answered))
        case "answer_time":
            return _("trung vị của {n} phiếu đã trả lời").format(n=words.number(counts.answered))
    return ""


def _trend(found: Board) -> SimpleNamespace:
    by = found.asked.by if found.asked.by in TIMES else schema.usual_step(found.asked.period)
    most = max([1, *(counts.received for counts in found.trend)])
    rates = [counts.on_time_rate for counts in found.trend]
    return SimpleNamespace(
        by=words.dimension(by),
        days=by == "day",
        line=charts.line(rates),
        points=[
            SimpleNamespace(
                name=words.part(part, by), received=words.number(counts.received),
                height=charts.share(counts.received, most), rate=words.value("rate", counts.on_time_rate),
                late=words.number(counts.late),
            )
            for part, counts in zip(found.parts, found.trend, strict=True)
        ],
    )  # fmt: skip


def _table(city: City, found: Board) -> list[SimpleNamespace]:
    most = max([1, *(line.counts.received for line in found.lines)])
    return [_line(city, found, line, most, place) for place, line in enumerate(found.lines)]


def _line(city: City, found: Board, line: Line, most: int, place: int) -> SimpleNamespace:
    narrowed = _narrowed(found, line)
    cells = {name: words.value(one.kind, words.of(line.counts, name)) for name, one in BY_NAME.items()}
    return SimpleNamespace(
        name=words.key(city, found.asked.by, line.key, found.parts),
        counts=line.counts,
        before=line.before,
        cells=cells,
        change=words.against_before(BY_NAME["on_time_rate"], line.counts.on_time_rate, line.before.on_time_rate),
        bar=charts.share(line.counts.received, most),
        drawn=place < SHOWN_FIRST or found.asked.by in TIMES,
        few_stars=0 < line.counts.rated < FEW_STARS,
        address=url_for("board.overview", **{**narrowed, "by": _next_dimension(found.asked.by)}),
        tickets={name: url_for("board.tickets", figure=name, **{**narrowed, "by": None}) for name in BY_NAME},
    )


def _narrowed(found: Board, line: Line) -> dict[str, Any]:
    """Return the address of one line's tickets."""
    if found.asked.by not in TIMES:
        return {**found.asked.address(), found.asked.by: line.key}
    part: Period = found.parts[int(line.key)]
    return found.asked.address(**{"from": part.first.isoformat(), "to": part.last.isoformat()})


def _next_dimension(by: str) -> str:
    return {"unit": "topic", "ward": "topic", "group": "topic", "topic": "ward", "channel": "unit"}.get(by, "unit")


def _ranked(city: City, asked: Asked, one: Ranked) -> SimpleNamespace:
    return SimpleNamespace(
        rank=one.rank,
        name=words.key(city, "unit", one.unit),
        rate=words.value("rate", one.counts.on_time_rate),
        bar=charts.share(one.counts.on_time_rate or 0.0, 1.0),
        counts=one.counts,
        tickets=url_for("board.tickets", figure="on_time_rate", **asked.address(by=None, unit=one.unit)),
    )


def _hot_spot(city: City, asked: Asked, one: HotSpot) -> SimpleNamespace:
    address = asked.address(by=None, ward=one.ward, topic=one.topic)
    return SimpleNamespace(
        ward=words.key(city, "ward", one.ward), topic=words.key(city, "topic", one.topic), received=one.received,
        open=one.open, before=one.before,
        tickets=url_for("board.tickets", figure="received", **address),
    )  # fmt: skip


def _wards(city: City, found: Board) -> dict[str, dict[str, Any]]:
    """Return what the map shows of each ward, by its code."""
    return {
        one.ward: {
            "name": words.key(city, "ward", one.ward), "count": one.received, "open": one.open,
            "shown": words.number(one.received), "url": url_for("board.overview", **found.asked.address(ward=one.ward)),
            "label": _("{ward}: {n} phản ánh, {open} còn mở").format(
                ward=words.key(city, "ward", one.ward), n=words.number(one.received), open=words.number(one.open)
            ),
        }
        for one in found.wards
    }  # fmt: skip


def _chips(city: City, asked: Asked) -> list[tuple[str, str, str]]:
    """Return (dimension, name, address without it) of each filter."""
    return [
        (
            words.dimension(name),
            words.key(city, name, asked.given[name]),
            url_for("board.overview", **asked.address(**{name: None})),
        )
        for name in FILTERS
        if name in asked.given
    ]


def _presets(asked: Asked) -> list[tuple[str, str, bool]]:
    """Return (words, address, whether it is shown) of the periods that are asked for most."""
    today = _today()
    usual = [
        (_("7 ngày"), Period(today - timedelta(days=6), today)),
        (_("30 ngày"), Period(today - timedelta(days=29), today)),
        (_("Tháng này"), Period(today.replace(day=1), today)),
        (_("Tháng trước"), _month_before(today)),
    ]
    return [
        (said, url_for("board.overview", **_during(asked, period)), period == asked.period) for said, period in usual
    ]


def _during(asked: Asked, period: Period) -> dict[str, Any]:
    return asked.address(**{"from": period.first.isoformat(), "to": period.last.isoformat()})


def _month_before(today: date) -> Period:
    last = today.replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


@board.get("/tickets")
@leaders
def tickets() -> AnyResponse:
    """Show the tickets that a figure counts, those that this account may open."""
    return _answer(_behind)


def _behind(asked: Asked, refused: Refused | None) -> str:
    figure = request.args.get("figure", "received")
    with hotline().database.reading() as session:
        page = service.behind(hotline(), session, staff(), asked, figure, request.args.get("after"))
        stands = standing(session, (ticket.id for ticket in page.tickets), hotline().now())
        rows = [row_of(ticket, stands=stands.get(ticket.id)) for ticket in page.tickets]
    address = asked.address()
    return render_template(
        "board/tickets.html",
        rows=rows,
        errors=grouped_errors(refused.problems) if refused else {},
        definition=BY_NAME[figure],
        words=words,
        period=asked.period,
        chips=_chips(hotline().city, asked),
        back=url_for("board.overview", **address),
        next_page=url_for("board.tickets", figure=figure, **address, after=page.after) if page.after else None,
    )


@board.get("/figures")
@leaders
def figures() -> str:
    """Show what each figure is, in words and in SQL."""
    ground = definitions.GROUND_VI if language() == "vi" else definitions.GROUND_EN
    return render_template(
        "board/figures.html", definitions=DEFINITIONS, ground=ground, words=words, few=FEW, few_stars=FEW_STARS
    )


@board.get("/tv")
@leaders
def tv() -> AnyResponse:
    """Show big numbers for a screen on the wall: no person's name, no words of anybody; it asks again by itself."""
    asked = schema.parse({"by": "group"}, hotline().city, _today())
    with hotline().database.reading() as session:
        found = service.board(hotline(), session, staff(), asked)
    page = render_template(
        "board/tv.html",
        found=found,
        cards=[_card(name, found) for name in ON_THE_WALL],
        trend=_trend(found),
        lines=_table(hotline().city, found)[:6],
        period=asked.period,
        words=words,
    )
    return Response(page, headers={"Refresh": str(REFRESH)})


@board.post("/report")
@leaders
def take_report() -> AnyResponse:
    """Give the report of a period as a file, and remember who took it."""
    form = request.form.get("form", "")
    if form not in set(ExportForm):
        raise NotFound
    try:
        asked = schema.parse(request.form, hotline().city, _today(), "unit")
    except Refused as refused:
        usual = schema.parse({}, hotline().city, _today(), _usual_dimension())
        return Response(_overview(usual, refused), errors.status_of(refused))
    with hotline().database.reading() as session:
        content = report.written(hotline(), session, staff(), asked, ExportForm(form))
    with hotline().database.transaction() as session:  # apart: while a file is made, others must be able to write
        service.note_export(session, staff(), asked, ExportForm(form), hotline().now())
    name = f"bao-cao-phan-anh-{asked.period.first}-{asked.period.last}.{form}"
    return send_file(BytesIO(content), KINDS[ExportForm(form)], as_attachment=True, download_name=name)
