"""The API: the same services as the pages, in JSON. Staff programs carry a bearer token, citizens only their code."""

import base64
import json
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from flask import Blueprint, Response, current_app, g, render_template, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session
from werkzeug.exceptions import Unauthorized

from app import access, nearby, surges, wall, wording
from app.accounts import tokens
from app.api import schema
from app.api.openapi import OPEN, Operation, document, documented, operation_of
from app.api.strictjson import parse_object
from app.assignment import local_date
from app.board import schema as board_schema
from app.board import service as board_service
from app.board import words as board_words
from app.board.figures import Counts
from app.board.service import Board, Line
from app.coordination import service as coordination_service
from app.current import address, hotline, public_figures, throttle
from app.deadlines import Standing, standing
from app.desk import calls
from app.desk.calls import Announcement
from app.i18n import LANGUAGES, speaking
from app.intake import service as intake_service
from app.intake.schema import Report, problem_of
from app.intake.service import Filing, check_key
from app.intake.views import read_report
from app.letters import service as letter_service
from app.maps.schema import PERIODS, USUAL, parse_asked
from app.maps.service import FEWEST, Figure
from app.maps.views import LICENCE, for_a_minute
from app.nearby import Neighbour
from app.notices import service as notice_service
from app.persons.reveal import reveal
from app.praise import service as praise_service
from app.problems import NotFound, Problem, Refused, WrongMediaType, refuse
from app.returns import service as returns_service
from app.returns.schema import parse_period
from app.review import service as review_service
from app.sealed import service as sealed_service
from app.tracking import service as tracking_service
from app.tracking.service import Track
from app.tracking.views import photo_address
from app.units import listing as unit_listing
from app.work import approval, extension, notes, page, person, progress, queue, returning, topic
from app.work import service as work_service
from app.work.returning import Why
from app.work.service import PAGE, Step
from app.work.views import SHOWN, photos_from_request
from models.account import Account
from models.coordination import Part
from models.department import Department
from models.desk import PhoneExchange
from models.incident import Surge
from models.returning import TicketReturn
from models.ticket import Attachment, Ticket
from models.vocabulary import AssignmentKind, Channel, DepartmentKind, Outcome, Role, Scope, topics
from routing.departments import DepartmentFact

api = Blueprint("api", __name__, url_prefix="/api/v1")

S = TypeVar("S", bound=BaseModel)
BASE = "/api/v1"
AFTER: Final = ("after", "The `next` of the part before.")


@api.get("/openapi.json")
def openapi() -> Response:
    """Return the OpenAPI document."""
    body = json.dumps(document(hotline().settings.public_url, version("langnghe")), ensure_ascii=False)
    return Response(body, mimetype="application/json")


@api.get("/")
def docs() -> str:
    """Show the OpenAPI document to a person."""
    return render_template("api/docs.html", spec=document(hotline().settings.public_url, version("langnghe")))


@api.post("/reports")
@documented(
    Operation(
        "post",
        f"{BASE}/reports",
        scope=Scope.FILE,
        token_optional=True,
        body=Report,
        answer=schema.FiledReport,
        status=201,
        refusals=(413, 415, 422, 429),
        photos=("photos",),
        keyed=True,
    )
)
def file_report() -> Response:
    """File a report; answers with the code that its citizen follows it by."""
    account = _bearer_or_none()
    if account is None:
        throttle().filing(address())
    multipart = request.mimetype == "multipart/form-data"
    if not multipart and request.mimetype != "application/json":
        raise _wrong_type("application/json, multipart/form-data")
    fields: dict[str, Any] = request.form.to_dict() if multipart else _json()
    key, problems = "", tuple[Problem, ...]()
    try:
        key = check_key(request.headers.get("Idempotency-Key"))
    except Refused as refused:
        problems = refused.problems
    report, photos = read_report(fields, problems)
    scope = f"account:{account.id.hex}" if account else "anonymous"
    filed = intake_service.file_report(hotline(), Filing(scope, key, report, photos, Channel.API))
    response = Response(filed.body, filed.status, mimetype="application/json")
    if filed.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@api.post("/reports/nearby")
@documented(
    Operation(
        "post",
        f"{BASE}/reports/nearby",
        scope=OPEN,
        body=schema.NearbyRequest,
        answer=schema.NearbyIncidents,
        refusals=(415, 422, 429),
    )
)
def reports_nearby() -> Response:
    """Return open incidents near a place, which a report may join: counts, topics, coarse places, no words."""
    throttle().nearby(address())
    asked = _body(schema.NearbyRequest)
    if (asked.latitude is None) != (asked.longitude is None):
        raise refuse("latitude", "half_position")
    found = nearby.neighbours(hotline(), asked.place_text, asked.latitude, asked.longitude)
    return _json_answer(schema.NearbyIncidents(incidents=[_neighbour(one) for one in found]))


@api.get("/map")
@documented(
    Operation(
        "get",
        f"{BASE}/map",
        scope=OPEN,
        answer=schema.PublicMap,
        refusals=(422,),
        query=(
            ("days", f"The last so many days: {', '.join(map(str, PERIODS))}; {USUAL} unless given."),
            ("group", "Only topics of this group."),
            ("ward", "Only this ward, by its code."),
            ("status", f"Only reports that stand so: {', '.join(outcome.value for outcome in Outcome)}."),
        ),
    )
)
def public_map() -> Response:
    """Return public figures by ward and topic, a minute or a few old: no words, no places finer than a ward."""
    asked = parse_asked(request.args, hotline().files)
    found = public_figures().of(asked)
    wards = hotline().files.wards
    shape = schema.PublicMap(
        first=found.first,
        last=found.last,
        read_at=found.read_at,
        fewest=FEWEST,
        licence=LICENCE,
        total=schema.MapFigure(**_figure(found.total)) if found.total.told else None,
        wards=[
            schema.MapWard(
                ward=code, name=wards[code].name, latitude=wards[code].lat, longitude=wards[code].lon, **_figure(figure)
            )
            for code, figure in found.wards.items()
        ],
        topics=[
            schema.MapTopic(
                topic=schema.Name(id=slug, vi=topics()[slug].vi, en=topics()[slug].en),
                group=topics()[slug].group,
                **_figure(figure),
            )
            for slug, figure in found.topics.items()
        ],
    )
    return for_a_minute(_json_answer(shape))


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "received": figure.received,
        "answered": figure.answered,
        "open": figure.open,
        "late": figure.late,
        "elsewhere": figure.elsewhere,
        "in_time": figure.in_time,
        "with_deadline": figure.promised,
        "on_time": figure.on_time,
        "median_days": figure.median_days,
    }


def _neighbour(one: Neighbour) -> schema.NearbyIncident:
    return schema.NearbyIncident(
        incident=one.id,
        topic=schema.Name(id=one.topic.slug, vi=one.topic.vi, en=one.topic.en),
        ward=one.ward,
        street=one.street,
        reports=one.reports,
        since=one.opened_at,
        last_report_at=one.last_report_at,
        status=one.status,
    )


@api.post("/calls")
@documented(
    Operation(
        "post",
        f"{BASE}/calls",
        scope=Scope.CALLS,
        foreign_token=True,
        body=schema.CallNotice,
        answer=schema.NoticedCall,
        refusals=(415, 422),
    )
)
def announce_call() -> Response:
    """Tell of a call, with an exchange's token; the call-taker at the extension, or who is free, sees its number."""
    exchange = _exchange()
    told = _body(schema.CallNotice)
    said = Announcement(told.call_id, told.event, told.number, told.extension)
    call, extension = calls.announce(hotline(), exchange, said)
    state = calls.state_of(call, hotline().now())
    return _json_answer(schema.NoticedCall(call=call.id, state=state, extension=extension))


def _exchange() -> PhoneExchange:
    """Return the exchange whose token this is; to people's tokens there is no such place."""
    token = _token()
    with hotline().database.reading() as session:
        found = calls.exchange_of_token(hotline(), session, token) if token is not None else None
    if found is None:
        if _bearer_for(Scope.CALLS) is None:
            raise Unauthorized
        raise NotFound
    return found


@api.post("/track")
@documented(
    Operation(
        "post",
        f"{BASE}/track",
        scope=OPEN,
        body=schema.CodeRequest,
        answer=schema.TrackedReport,
        refusals=(404, 415, 422, 429),
    )
)
def track() -> Response:
    """Return how a report stands."""
    return _tracked(schema.CodeRequest, lambda asked: tracking_service.track(hotline(), asked.code))


@api.post("/track/information")
@documented(
    Operation(
        "post",
        f"{BASE}/track/information",
        scope=OPEN,
        body=schema.MessageRequest,
        answer=schema.TrackedReport,
        refusals=(404, 409, 415, 422, 429),
    )
)
def add_information() -> Response:
    """Answer the unit's question."""
    return _tracked(
        schema.MessageRequest, lambda asked: tracking_service.add_information(hotline(), asked.code, asked.message)
    )


@api.post("/track/reopen")
@documented(
    Operation(
        "post",
        f"{BASE}/track/reopen",
        scope=OPEN,
        body=schema.MessageRequest,
        answer=schema.TrackedReport,
        refusals=(404, 409, 415, 422, 429),
    )
)
def reopen() -> Response:
    """Say that it is not done."""
    return _tracked(schema.MessageRequest, lambda asked: tracking_service.reopen(hotline(), asked.code, asked.message))


@api.post("/track/erase-contact")
@documented(
    Operation(
        "post",
        f"{BASE}/track/erase-contact",
        scope=OPEN,
        body=schema.CodeRequest,
        answer=schema.TrackedReport,
        refusals=(404, 409, 415, 422, 429),
    )
)
def erase_contact() -> Response:
    """Erase the citizen's contact and mask it in all that was written; 409 under legal hold, the wish is on record."""
    return _tracked(schema.CodeRequest, lambda asked: tracking_service.erase_contact(hotline(), asked.code))


@api.post("/track/rating")
@documented(
    Operation(
        "post",
        f"{BASE}/track/rating",
        scope=OPEN,
        body=schema.RatingRequest,
        answer=schema.TrackedReport,
        refusals=(404, 409, 415, 422, 429),
    )
)
def rate() -> Response:
    """Rate the answer, which closes the ticket."""
    return _tracked(
        schema.RatingRequest,
        lambda asked: tracking_service.rate(hotline(), asked.code, asked.rating, asked.comment),
    )


@api.get("/tickets")
@documented(Operation("get", f"{BASE}/tickets", scope=Scope.READ, answer=schema.TicketPage, query=(AFTER,)))
def tickets() -> Response:
    """Return the queue that this account sees, emergencies and overdue first; `?after=` pages on."""
    account = _bearer()
    if account.role not in access.READERS:
        raise NotFound
    with hotline().database.reading() as session:
        page = queue.page(session, account, hotline().now(), request.args.get("after"))
        shape = schema.TicketPage(tickets=_summaries(session, page.tickets), next=page.after)
    return _json_answer(shape)


@api.get("/tickets/<uuid:ticket_id>")
@documented(Operation("get", f"{BASE}/tickets/{{ticket_id}}", scope=Scope.READ, answer=schema.TicketDetail))
def ticket(ticket_id: UUID) -> Response:
    """Return one ticket with its history and what may be done to it."""
    return _ticket(_bearer(), ticket_id)


@api.get("/review")
@documented(Operation("get", f"{BASE}/review", scope=Scope.READ, answer=schema.TicketPage, query=(AFTER,)))
def review() -> Response:
    """Return what awaits a coordinator, longest waiting first; `?after=` takes a ticket id."""
    account = _bearer()
    if account.role is not Role.COORDINATOR:
        raise NotFound
    after = request.args.get("after")
    with hotline().database.reading() as session:
        found = review_service.queue(session, account, after)
        more = str(found[PAGE - 1].id) if len(found) > PAGE else None
        shape = schema.TicketPage(tickets=_summaries(session, found[:PAGE]), next=more)
    return _json_answer(shape)


@api.get("/parts")
@documented(
    Operation(
        "get",
        f"{BASE}/parts",
        answer=schema.PartPage,
        scope=Scope.READ,
        query=(("show", "`late`: what others owe this account's unit too late."), AFTER),
    )
)
def parts() -> Response:
    """Return the parts that this account's unit owes; `?show=late` those that others owe it too late."""
    account = _bearer()
    if account.role not in access.READERS:
        raise NotFound
    late, after, now = request.args.get("show") == "late", request.args.get("after"), hotline().now()
    with hotline().database.reading() as session:
        service = coordination_service
        page = service.late_for(session, account, now, after) if late else service.owed(session, account, after)
        tickets = _summaries(session, [one.ticket for one in page.rows])
        parts_ = (_part(one.part) for one in page.rows)
        rows = [schema.OwedPart(ticket=t, part=p) for t, p in zip(tickets, parts_, strict=True)]
    return _json_answer(schema.PartPage(parts=rows, next=page.after))


@api.get("/returns")
@documented(
    Operation(
        "get",
        f"{BASE}/returns",
        answer=schema.ReturnReport,
        refusals=(422,),
        scope=Scope.READ,
        query=(("from", "The first day; 90 days before the last unless given."), ("to", "The last day; today."), AFTER),
    )
)
def returns() -> Response:
    """Return what units gave back, of what was routed `?from=` to `?to=` (days; the last 90 unless asked)."""
    account = _bearer()
    if account.role not in returns_service.READERS:
        raise NotFound
    period = parse_period(request.args, local_date(hotline(), hotline().now()))
    with wall.for_figures(), hotline().database.reading() as session:
        found = returns_service.report(hotline(), session, account, period, request.args.get("after"))
    lines = {rule.id: rule.line for rule in hotline().city.rules.ordered}
    shape = schema.ReturnReport(
        first=period.first,
        last=period.last,
        groups=[
            schema.ReturnGroup(
                topic=g.topic or None, rule=g.rule or None, rule_line=lines.get(g.rule), unit=g.unit,
                reason_code=g.reason, n=g.n, tickets=[ticket_id for ticket_id, _at in g.tickets],
            )
            for g in found.groups
        ],
        lines=[
            schema.ReturnLine(
                topic=r.topic or None, rule=r.rule or None, unit=r.unit, kind=AssignmentKind(r.kind),
                reason_code=r.reason, to=r.to or None, n=r.n, routed=r.routed,
            )
            for r in found.lines
        ],
        next=found.after,
    )  # fmt: skip
    return _json_answer(shape)


@api.get("/figures")
@documented(
    Operation(
        "get",
        f"{BASE}/figures",
        scope=Scope.READ,
        answer=schema.FiguresReport,
        refusals=(422,),
        query=(
            ("from", "The first day; 29 days before the last unless given."),
            ("to", "The last day; today."),
            ("by", f"One of {', '.join(board_schema.DIMENSIONS)}; unit unless given."),
            ("unit", "Only this unit's tickets; `none`: those of no unit."),
            ("ward", "Only this ward's; `none`: those of which the ward is not known."),
            ("group", "Only this group of topics."),
            ("topic", "Only this topic; `none`: those of which the topic is not known."),
            ("channel", f"One of {', '.join(Channel)}."),
        ),
    )
)
def figures() -> Response:
    """Return the board's figures of a period and of the one before; a supervisor's are of the own unit."""
    account = _bearer()
    access.only_unit(account)
    asked = board_schema.parse(request.args, hotline().city, local_date(hotline(), hotline().now()))
    with hotline().database.reading() as session:
        found = board_service.board(hotline(), session, account, asked)
    before, ranks = board_schema.earlier(asked.period), {one.unit: one.rank for one in found.ranking or ()}
    shape = schema.FiguresReport(
        first=asked.period.first, last=asked.period.last, before_first=before.first, before_last=before.last,
        by=asked.by, unit=found.only_unit, ranked_from=board_service.FEW, pending=found.pending,
        figures=_figures(found.total), before=_figures(found.before),
        lines=[
            schema.FiguresLine(
                key=_figures_key(found, line), **_figures_names(found, line), figures=_figures(line.counts),
                before=_figures(line.before), rank=ranks.get(line.key) if asked.by == "unit" else None,
            )
            for line in found.lines
        ],
    )  # fmt: skip
    return _json_answer(shape)


def _figures(counts: Counts) -> schema.Figures:
    return schema.Figures(**{name: getattr(counts, name) for name in schema.Figures.model_fields})


def _figures_key(found: Board, line: Line) -> str:
    return found.parts[line.key].first.isoformat() if found.asked.by in board_schema.TIMES else str(line.key)


def _figures_names(found: Board, line: Line) -> dict[str, str]:
    names = {}
    for lang in LANGUAGES:
        with speaking(lang):
            names[lang] = board_words.key(hotline().city, found.asked.by, line.key, found.parts)
    return names


@api.get("/units")
@documented(
    Operation(
        "get",
        f"{BASE}/units",
        answer=schema.UnitPage,
        refusals=(422,),
        scope=Scope.READ,
        query=(
            ("on", "The day, such as 2026-12-01; today when it is not given."),
            ("kind", f"One of {', '.join(DepartmentKind)}."),
            AFTER,
        ),
    )
)
def units() -> Response:
    """Return the units of a day (administrators)."""
    account = _bearer()
    if account.role is not Role.ADMIN:
        raise NotFound
    today = local_date(hotline(), hotline().now())
    wanted = unit_listing.asked(request.args, today)
    with hotline().database.reading() as session:
        city = hotline().standing.fresh(session)
    page = unit_listing.page(city, wanted, request.args.get("after"), unit_listing.PROGRAM_PAGE)
    return _json_answer(schema.UnitPage(units=[_unit(unit) for unit in page.units], next=page.after))


def _unit(unit: DepartmentFact) -> schema.UnitEntry:
    return schema.UnitEntry(
        id=unit.id, vi=unit.vi, en=unit.en, kind=unit.kind, ward=unit.ward, parent=unit.parent,
        valid_from=unit.valid_from, valid_to=unit.valid_to, successor=unit.successor,
        contact=schema.UnitContact(phone=unit.phone, email=unit.email, address=unit.address),
        hours=unit.hours.written() if unit.hours else None,
    )  # fmt: skip


@api.get("/surges")
@documented(Operation("get", f"{BASE}/surges", scope=Scope.READ, answer=schema.Surges))
def surges_now() -> Response:
    """Return topics that are reported unusually often in a ward right now (coordinators)."""
    if _bearer().role is not Role.COORDINATOR:
        raise NotFound
    with hotline().database.reading() as session:
        shape = schema.Surges(surges=[_surge(one) for one in surges.open_surges(session)])
    return _json_answer(shape)


def _surge(one: Surge) -> schema.SurgeShape:
    return schema.SurgeShape(
        topic=schema.Name(id=one.topic_slug, vi=one.topic.vi, en=one.topic.en),
        ward=schema.Name(id=one.ward_code, vi=one.ward.name, en=one.ward.name),
        since=one.began_at,
        peak=one.peak,
        usual=one.usual,
    )


def _step(
    name: str,
    body: type[BaseModel],
    answer: type[BaseModel] = schema.TicketDetail,
    of: str = "tickets",
    photos: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register one step of staff on a ticket, and document it."""

    def register(view: Callable[..., Any]) -> Callable[..., Any]:
        operation = Operation(
            "post",
            f"{BASE}/{of}/{{ticket_id}}/{name}",
            body=body,
            answer=answer,
            refusals=(409, 415, 422),
            scope=Scope.SEALED if of == "sealed" else Scope.WORK,
            photos=photos,
            may_be_gone=answer is schema.TicketDetail,
        )
        return api.post(f"/{of}/<uuid:ticket_id>/{name}")(documented(operation)(view))

    return register


@_step("accept", schema.StepRequest)
def accept(ticket_id: UUID) -> Response:
    """Take the ticket up."""
    asked = _body(schema.StepRequest)
    return _stepped(work_service.accept, ticket_id, asked.version)


@_step("contact", schema.ContactRequest, schema.ContactWhole)
def contact(ticket_id: UUID) -> Response:
    """Return how to reach the citizen; who asks and why is on record first (who leads, coordinators)."""
    asked = _body(schema.ContactRequest)
    found = reveal(hotline(), _bearer(), ticket_id, asked.reason)
    whole = schema.ContactWhole(name=found.name, phone=found.phone, email=found.email, consented_at=found.consented_at)
    return _json_answer(whole)


@_step("return", schema.ReturnRequest)
def send_back(ticket_id: UUID) -> Response:
    """Return the ticket as not ours; it leaves this account's sight."""
    asked = _body(schema.ReturnRequest)
    act = partial(work_service.send_back, why=Why(asked.reason_code, asked.proposed_department))
    return _stepped(act, ticket_id, asked.version, asked.reason)


@_step("contribute", schema.ContributionRequest)
def contribute(ticket_id: UUID) -> Response:
    """Tell the lead the own unit's part (co-ordinating units)."""
    asked = _body(schema.ContributionRequest)
    act = partial(coordination_service.contribute, done=asked.done)
    return _stepped(act, ticket_id, asked.version, asked.contribution)


@_step("return-part", schema.ReturnRequest)
def return_part(ticket_id: UUID) -> Response:
    """Say that there is nothing to do for the own unit; the ticket leaves this account's sight."""
    asked = _body(schema.ReturnRequest)
    act = partial(coordination_service.return_part, why=Why(asked.reason_code, asked.proposed_department))
    return _stepped(act, ticket_id, asked.version, asked.reason)


@_step("involve", schema.InvolveRequest)
def involve(ticket_id: UUID) -> Response:
    """Ask a further unit to help (the lead, coordinators)."""
    asked = _body(schema.InvolveRequest)
    act = partial(coordination_service.ask_unit, department_id=asked.department)
    return _stepped(act, ticket_id, asked.version, asked.request)


@_step("release-part", schema.ReleasePartRequest)
def release_part(ticket_id: UUID) -> Response:
    """Let a unit help no longer (coordinators)."""
    asked = _body(schema.ReleasePartRequest)
    act = partial(coordination_service.release_part, department_id=asked.department)
    return _stepped(act, ticket_id, asked.version, asked.reason)


@_step("accept-proposal", schema.StepRequest)
def accept_proposal(ticket_id: UUID) -> Response:
    """Send a returned ticket to the unit that was proposed (coordinators)."""
    asked = _body(schema.StepRequest)
    return _stepped(review_service.accept_proposal, ticket_id, asked.version)


@_step("answer", schema.AnswerRequest, photos=tuple(SHOWN))
def answer(ticket_id: UUID) -> Response:
    """Answer the citizen, with photos of the work if there are any; may wait for a second person of the unit."""
    _bearer()
    multipart = request.mimetype == "multipart/form-data"
    sent = request.form.to_dict() | {"keep": request.form.getlist("keep")}
    asked = _validated(schema.AnswerRequest, sent) if multipart else _body(schema.AnswerRequest)
    act = partial(work_service.answer, shown=photos_from_request(beside=len(asked.keep)), keep=asked.keep)
    return _stepped(act, ticket_id, asked.version, asked.public_text)


@_step("ask", schema.ReplyRequest)
def ask(ticket_id: UUID) -> Response:
    """Ask the citizen for what is missing."""
    asked = _body(schema.ReplyRequest)
    return _stepped(work_service.ask, ticket_id, asked.version, asked.public_text)


@_step("reject", schema.RejectRequest)
def reject(ticket_id: UUID) -> Response:
    """Refuse the report, saying why (coordinators)."""
    asked = _body(schema.RejectRequest)
    act = partial(review_service.reject, code=asked.reason_code)
    return _stepped(act, ticket_id, asked.version, asked.public_text)


@_step("letter", schema.LetterRequest)
def send_letter(ticket_id: UUID) -> Response:
    """Guide a complainant by letter to the competent office (coordinators)."""
    asked = _body(schema.LetterRequest)
    guide = partial(letter_service.send, department_id=asked.department_id)
    return _stepped(guide, ticket_id, asked.version, asked.body)


@_step("forward", schema.ForwardRequest)
def forward(ticket_id: UUID) -> Response:
    """Forward praise to its unit and close it (coordinators)."""
    asked = _body(schema.ForwardRequest)
    thank = partial(praise_service.forward, department_id=asked.department_id)
    return _stepped(thank, ticket_id, asked.version)


@_step("refer", schema.ReplyRequest)
def refer(ticket_id: UUID) -> Response:
    """Refer the report to who is competent (coordinators)."""
    asked = _body(schema.ReplyRequest)
    return _stepped(review_service.refer, ticket_id, asked.version, asked.public_text)


@_step("seal", schema.ReasonRequest)
def seal(ticket_id: UUID) -> Response:
    """Seal a denunciation (coordinators)."""
    asked = _body(schema.ReasonRequest)
    return _stepped(review_service.seal, ticket_id, asked.version, asked.reason)


@_step("link", schema.LinkRequest)
def link(ticket_id: UUID) -> Response:
    """Merge the ticket into the incident of another that is of the same thing (coordinators)."""
    asked = _body(schema.LinkRequest)
    return _stepped(review_service.link, ticket_id, asked.version, asked.other)


@_step("split", schema.StepRequest)
def split(ticket_id: UUID) -> Response:
    """Take the ticket out of its incident; a lead hands the lead on (coordinators)."""
    asked = _body(schema.StepRequest)
    return _stepped(review_service.split, ticket_id, asked.version)


@_step("route", schema.RouteRequest)
def route(ticket_id: UUID) -> Response:
    """Send the ticket to a department (coordinators)."""
    asked = _body(schema.RouteRequest)
    choice = review_service.Choice(asked.topic_slug, asked.department_id, asked.ward_code, asked.reason)
    account = _bearer()
    moved = review_service.route(hotline(), account, Step(ticket_id, asked.version), choice)
    return _after_step(account, moved)


@_step("ask-extension", schema.ExtensionRequest)
def ask_extension(ticket_id: UUID) -> Response:
    """Ask for more working days, once a ticket."""
    asked = _body(schema.ExtensionRequest)
    return _stepped(partial(extension.ask, days=asked.days), ticket_id, asked.version, asked.reason)


@_step("approve-extension", schema.StepRequest)
def approve_extension(ticket_id: UUID) -> Response:
    """Grant more time (who leads the unit and did not ask; a coordinator where nobody does)."""
    asked = _body(schema.StepRequest)
    return _stepped(extension.approve, ticket_id, asked.version)


@_step("refuse-extension", schema.ReasonRequest)
def refuse_extension(ticket_id: UUID) -> Response:
    """Refuse more time, with a reason for the unit."""
    asked = _body(schema.ReasonRequest)
    return _stepped(extension.refuse_it, ticket_id, asked.version, asked.reason)


@_step("note", schema.NoteRequest)
def note(ticket_id: UUID) -> Response:
    """Write an internal note (the lead, helpers, coordinators)."""
    asked = _body(schema.NoteRequest)
    return _stepped(notes.write, ticket_id, asked.version, asked.note)


@_step("correct-topic", schema.CorrectTopicRequest)
def correct_topic(ticket_id: UUID) -> Response:
    """Say that the ticket is about something else; unit and deadlines stay."""
    asked = _body(schema.CorrectTopicRequest)
    return _stepped(partial(topic.correct, topic_slug=asked.topic), ticket_id, asked.version, asked.reason)


@_step("approve-answer", schema.StepRequest)
def approve_answer(ticket_id: UUID) -> Response:
    """Send the answer that a colleague has written (a second person of the unit; a coordinator where there is none)."""
    asked = _body(schema.StepRequest)
    return _stepped(approval.approve, ticket_id, asked.version)


@_step("give-back-answer", schema.NoteRequest)
def give_back_answer(ticket_id: UUID) -> Response:
    """Give an answer back to who wrote it, with a note (whoever could approve it)."""
    asked = _body(schema.NoteRequest)
    return _stepped(approval.give_back, ticket_id, asked.version, asked.note)


@_step("take-back", schema.StepRequest)
def take_back(ticket_id: UUID) -> Response:
    """Take the own answer back before anybody has approved it."""
    asked = _body(schema.StepRequest)
    return _stepped(approval.take_back, ticket_id, asked.version)


@_step("assign", schema.AssignRequest)
def assign(ticket_id: UUID) -> Response:
    """Give the ticket to a person of the unit (who leads it), take what nobody has, or let it go."""
    asked = _body(schema.AssignRequest)
    return _stepped(partial(person.assign, assignee_id=asked.assignee), ticket_id, asked.version)


@_step("progress", schema.ProgressRequest)
def report_progress(ticket_id: UUID) -> Response:
    """Report progress on a ticket that is late, with a date for its citizen."""
    asked = _body(schema.ProgressRequest)
    act = partial(progress.report, committed_on=asked.committed_on)
    return _stepped(act, ticket_id, asked.version, asked.public_text)


@api.get("/notices")
@documented(Operation("get", f"{BASE}/notices", scope=Scope.READ, answer=schema.NoticePage, query=(AFTER,)))
def notices() -> Response:
    """Return what this account was told of deadlines, newest first; `?after=` pages on."""
    account = _bearer()
    if account.role not in notice_service.TOLD:
        raise NotFound
    with notice_service.reading(hotline()) as session:
        page = notice_service.of(session, account, request.args.get("after"))
        shape = schema.NoticePage(
            notices=[
                schema.NoticeEntry(
                    id=told.notice.id, stage=told.notice.stage, deadline=told.notice.deadline.kind,
                    ticket_id=told.notice.ticket_id if told.open else None, department=told.notice.department_id,
                    due_at=told.notice.due_at, at=told.notice.at, seen=told.seen,
                )
                for told in page.notices
            ],
            unseen=notice_service.unseen(session, account),
            next=page.after,
        )  # fmt: skip
    return _json_answer(shape)


@api.get("/sealed")
@documented(Operation("get", f"{BASE}/sealed", scope=Scope.SEALED, answer=schema.SealedPage, query=(AFTER,)))
def sealed_tickets() -> Response:
    """Return which denunciations there are (cleared coordinators, auditors); `?after=` takes an id."""
    account = _bearer()
    with hotline().database.reading() as session:
        found = sealed_service.page(session, account, request.args.get("after"))
    rows = [
        schema.SealedSummary(
            id=row.ticket.id, status=row.ticket.status, channel=row.ticket.channel,
            received_at=row.ticket.received_at, version=row.ticket.version, reads=row.reads,
        )
        for row in found.rows
    ]  # fmt: skip
    return _json_answer(schema.SealedPage(tickets=rows, next=found.after))


@api.get("/sealed/<uuid:ticket_id>")
@documented(Operation("get", f"{BASE}/sealed/{{ticket_id}}", scope=Scope.SEALED, answer=schema.SealedDetail))
def sealed_ticket(ticket_id: UUID) -> Response:
    """Return where a denunciation stands and who has read it (cleared coordinators, auditors)."""
    return _sealed_detail(_bearer(), ticket_id)


@_step("open", schema.OpenRequest, schema.OpenedContent, of="sealed")
def open_sealed(ticket_id: UUID) -> Response:
    """Return what a denunciation says; who reads it and why is on record first (cleared coordinators)."""
    asked = _body(schema.OpenRequest)
    opened = sealed_service.open_for(hotline(), _bearer(), ticket_id, asked.reason)
    said = opened.content
    return _json_answer(
        schema.OpenedContent(
            id=ticket_id, version=opened.ticket.version, text=said.text, place_text=said.place_text, latitude=said.lat,
            longitude=said.lon, contact=list(said.identity), proposal=opened.proposal,
            photos=[base64.b64encode(photo).decode() for photo in opened.photos],
        )
    )  # fmt: skip


@_step("refer", schema.SealedReferRequest, schema.SealedDetail, of="sealed")
def refer_sealed(ticket_id: UUID) -> Response:
    """Refer a denunciation to its verifier, without its writer's identity (cleared coordinators)."""
    asked = _body(schema.SealedReferRequest)
    account, step = _bearer(), Step(ticket_id, asked.version, asked.redacted_text)
    sealed_service.refer(hotline(), account, step, asked.department_id)
    return _sealed_detail(account, ticket_id)


@_step("release", schema.ReleaseRequest, of="sealed")
def release_sealed(ticket_id: UUID) -> Response:
    """Give what is no denunciation back to the ordinary flow (cleared coordinators)."""
    asked = _body(schema.ReleaseRequest)
    account, step = _bearer(), Step(ticket_id, asked.version, asked.reason)
    sealed_service.release(hotline(), account, step, asked.submission_type)
    return _ticket(account, ticket_id)


def _sealed_detail(account: Account, ticket_id: UUID) -> Response:
    with hotline().database.reading() as session:
        found = access.find_sealed(session, account, ticket_id)
        reads = [
            schema.SealedRead(by=read.account.display_name, at=read.at, reason=read.reason)
            for read in sealed_service.reads(session, ticket_id)
        ]
    return _json_answer(
        schema.SealedDetail(
            id=found.id, status=found.status, channel=found.channel, received_at=found.received_at,
            version=found.version, reads=reads,
        )
    )  # fmt: skip


@api.before_request
def _let_in() -> None:
    """Find out whose token it is and that it was made for this: for every route here, before any of them runs."""
    view = current_app.view_functions.get(request.endpoint or "")
    operation = operation_of(view) if view is not None else None
    g.bearer = None
    if operation is None or operation.scope is None or operation.foreign_token or request.method == "OPTIONS":
        return
    g.bearer = _bearer_for(operation.scope)
    if g.bearer is None and operation.staff:
        raise Unauthorized


def _bearer_for(scope: Scope) -> Account | None:
    if not request.headers.get("Authorization"):
        return None
    token = _token()
    account = tokens.account_of(hotline(), token, scope) if token is not None else None
    if account is None:
        raise Unauthorized
    return account


def _token() -> str | None:
    """Return the bearer token of the request, None where it has none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _bearer_or_none() -> Account | None:
    return cast("Account | None", g.bearer)


def _bearer() -> Account:
    """Return whose token it is; only for routes that have a scope and need a token."""
    account = cast(Account, g.bearer)
    wall.reads_for(account)
    return account


def _wrong_type(expected: str) -> WrongMediaType:
    return WrongMediaType([Problem("Content-Type", "content_type", {"expected": expected})])


def _json() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise _wrong_type("application/json")
    return parse_object(request.get_data(cache=False))


def _body(shape: type[S]) -> S:
    return _validated(shape, _json())


def _validated(shape: type[S], fields: dict[str, Any]) -> S:
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        raise Refused(problem_of(d) for d in error.errors(include_input=False, include_url=False)) from None


def _tracked(shape: type[S], act: Callable[[S], Track]) -> Response:
    with throttle().code(address()):
        found = act(_body(shape))
    department = found.department
    timeline = [
        schema.TimelineEntry(
            at=m.at,
            kind=m.kind,
            status=m.status,
            public_text=m.public_text,
            reason_code=m.reason_code,
            committed_at=m.committed_at,
            photos=[schema.ShownPhoto(shows=photo.shows, url=_absolute(photo)) for photo in m.photos],
        )
        for m in found.timeline
    ]
    letters = [
        schema.SentLetter(department=_named(letter.department), sent_at=letter.sent_at, body=letter.body)
        for letter in found.letters
    ]
    return _json_answer(
        schema.TrackedReport(
            code=found.code, status=found.status, received_at=found.received_at,
            department=_named(department) if department else None, letters=letters,
            due_at=found.due_at, late=found.late, paused=found.paused, committed_at=found.committed_at,
            text=found.text, place_text=found.place, question=found.question,
            photos=found.photos, can_reopen=found.can_reopen, can_rate=found.can_rate,
            can_erase=found.can_erase,
            reports=found.reports, follows=found.follows, timeline=timeline,
        )
    )  # fmt: skip


def _absolute(photo: Attachment) -> str:
    return hotline().settings.public_url.rstrip("/") + photo_address(photo.id)


def _named(department: Department) -> schema.Name:
    return schema.Name(id=department.id, vi=department.vi, en=department.en)


def _stepped(act: Callable[..., Ticket], ticket_id: UUID, version_: int, text: str = "") -> Response:
    account = _bearer()
    return _after_step(account, act(hotline(), account, Step(ticket_id, version_, text)))


def _after_step(account: Account, moved: Ticket) -> Response:
    try:
        return _ticket(account, moved.id)
    except NotFound:  # the step took it out of this account's hands
        return Response(status=204)


def _ticket(account: Account, ticket_id: UUID) -> Response:
    with hotline().database.reading() as session:
        found = access.find_ticket(session, account, ticket_id)
        events = work_service.history(session, found)
        parts_ = coordination_service.parts_of(session, found)
        proposed = returning.proposal(session, found) if account.role is Role.COORDINATOR else None
        now = hotline().now()
        offered = extension.offers(session, account, found, now) | progress.offers(session, account, found, now)
        (summary,) = _summaries(session, [found])
        internal = work_service.notes(session, account, found, events)
        shown = page.photos_by_event(found)
        shape = schema.TicketDetail(
            **summary.model_dump(),
            version=found.version,
            text=found.text,
            place_text=found.place_text,
            latitude=found.lat,
            longitude=found.lon,
            channel=found.channel,
            photos=[photo.id for photo in page.reported_photos(found)],
            photo_urls=[_absolute(photo) for photo in page.reported_photos(found)],
            contact=_contact(session, account, found),
            actions=sorted(
                work_service.offered(session, account, found)
                | coordination_service.actions(account, found, parts_)
                | ({"accept-proposal"} if proposed else set())
                | offered
                | ({"assign"} if person.offers(account, found) else set())
                | ({"note"} if notes.may_write(session, account, found) else set())
                | ({"correct-topic"} if topic.may_correct(account, found) else set())
                | approval.offers(session, account, found)
            ),
            extension=_extension(session, found),
            waiting_answer=_waiting(session, account, found),
            parts=[_part(part) for part in parts_],
            proposal=_proposal(proposed) if proposed else None,
            proposals=[
                schema.Proposed(ticket=other.id, likeness=how)
                for other, how in nearby.proposed(session, account, found)
            ],
            history=[
                schema.HistoryEntry(
                    at=e.at, kind=e.kind, from_status=e.from_status, to_status=e.to_status,
                    actor=e.actor.display_name if e.actor else None, public_text=e.public_text,
                    internal_text=internal[e.id], photos=[photo.id for photo in shown.get(e.id, ())],
                    photo_urls=[_absolute(photo) for photo in shown.get(e.id, ())],
                )
                for e in events
            ],
        )  # fmt: skip
    return _json_answer(shape)


def _contact(session: Session, account: Account, found: Ticket) -> schema.ContactMasked | None:
    masked = page.masked_contact(session, account, found)
    return schema.ContactMasked(name=masked.name, phone=masked.phone, email=masked.email) if masked else None


def _part(part: Part) -> schema.PartEntry:
    return schema.PartEntry(
        department=part.assignment.department_id,
        due_at=part.due_at,
        request=part.assignment.because,
        contribution=part.contribution,
        done_at=part.done_at,
        late=part.late(hotline().now()),
    )


def _proposal(returned: TicketReturn) -> schema.ProposalEntry:
    return schema.ProposalEntry(
        department=returned.proposed_id or "",
        by=returned.assignment.department_id,
        reason_code=returned.reason_code,
    )


def _waiting(session: Session, account: Account, found: Ticket) -> schema.WaitingAnswer | None:
    waiting = page.unsent_answer(session, account, found)
    if waiting is None:
        return None
    return schema.WaitingAnswer(
        text=waiting.body, written_by=waiting.written_by, written_at=waiting.written_at,
        given_back=waiting.back_at is not None, note=waiting.note,
        photos=[photo.id for photo in page.unsent_photos(found)],
    )  # fmt: skip


def _extension(session: Session, found: Ticket) -> schema.ExtensionDetail | None:
    asked = extension.of(session, found)
    if asked is None:
        return None
    return schema.ExtensionDetail(
        state=asked.state, days=asked.days, asked_at=asked.asked_at, decided_at=asked.decided_at
    )


def _summaries(session: Session, tickets: Sequence[Ticket]) -> list[schema.TicketSummary]:
    stands = standing(session, (ticket.id for ticket in tickets), hotline().now())
    return [_summary(ticket, stands.get(ticket.id, Standing())) for ticket in tickets]


def _summary(found: Ticket, stands: Standing) -> schema.TicketSummary:
    return schema.TicketSummary(
        id=found.id,
        status=found.status,
        urgency=found.urgency,
        submission_type=found.submission_type,
        topic=found.topic_slug,
        ward=found.ward_code,
        department=found.department_id,
        excerpt=wording.excerpt(found.text),
        received_at=found.received_at,
        resolve_due_at=found.resolve_due_at,
        paused=stands.paused_at is not None,
        owes_progress=stands.owes_progress,
        assignee=found.assignee_id,
        incident=found.incident_id,
        reports=found.incident.reports if found.incident else 1,
    )


def _json_answer(shape: BaseModel) -> Response:
    return Response(shape.model_dump_json(), mimetype="application/json")
