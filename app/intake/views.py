"""The citizen's form: works without JavaScript; what was typed comes back whatever happens."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import segno
from cryptography.fernet import InvalidToken
from flask import Blueprint, Response, render_template, request
from itsdangerous import BadData, URLSafeTimedSerializer
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import FileStorage

from app import errors, nearby
from app.current import address, ask_nothing_more, hotline, throttle
from app.i18n import gettext as _
from app.incidents import SHARED_TYPES
from app.intake import schema, service
from app.intake.photos import PHOTO_MB, PHOTOS_MAX, read_photos
from app.intake.schema import Report, parse_report
from app.intake.service import Filed, Filing
from app.nearby import Neighbour
from app.photostore import Photo
from app.problems import NotAvailable, NotFound, Problem, Refused, refuse
from app.wording import problem_words, type_advice, type_words
from classifier.emergency import cues
from models.vocabulary import Channel, Status, SubmissionType, topic_groups

intake = Blueprint("intake", __name__)

#: What a filer may say that it is; emergencies and nonsense are for us to see.
CHOSEN: Final = (
    SubmissionType.REPORT,
    SubmissionType.SUGGESTION,
    SubmissionType.QUESTION,
    SubmissionType.PRAISE,
    SubmissionType.COMPLAINT,
    SubmissionType.DENUNCIATION,
)
FIELDS: Final = tuple(Report.model_fields)
#: What a form carries besides the report; `nearby` says that the step between was shown.
BESIDES: Final = frozenset({"form_token", "csrf_token", "nearby"})
#: A form may stay open this long; past it the citizen sends once more, with nothing lost.
FORM_LIFE: Final = 24 * 3600
LIMITS: Final = {
    "text_min": schema.TEXT_MIN,
    "text_max": schema.TEXT_MAX,
    "photos_max": PHOTOS_MAX,
    "photo_mb": PHOTO_MB,
}


class KnownNearby(Exception):
    """Raised once before a form is filed, where open incidents near by may be what it is about."""

    def __init__(self, found: list[Neighbour], photos: int) -> None:
        super().__init__(f"{len(found)} incidents near by")
        self.found = found
        self.photos = photos


@intake.get("/")
def form() -> str:
    """Show the empty form."""
    return show_form("intake/form.html", {}, ())


@intake.post("/")
def file_report() -> Response:
    """File what the form says, or give the form back with everything that was typed."""
    try:
        filed = file_from_form(Channel.WEB)
    except KnownNearby as known:
        return Response(show_nearby("intake/nearby.html", known))
    except Refused as refused:
        return Response(
            show_form("intake/form.html", request.form.to_dict(), refused.problems), errors.status_of(refused)
        )
    except (SQLAlchemyError, NotAvailable) as error:
        if not errors.is_away(error):
            raise
        page = show_form("intake/form.html", request.form.to_dict(), (), away=True)
        return Response(page, 503, headers={"Retry-After": str(errors.RETRY_AFTER)})
    ask_nothing_more()  # the code is shown whatever becomes of the database now
    return Response(_filed_page(filed.answer), filed.status)


@intake.post("/gui")
def file_draft() -> Response:
    """File a draft that a phone kept, by the key made with it: however often it is sent, it makes one ticket.

    Answers programs of ours in JSON; `receipt` brings up the page with the code, now or later.
    """
    throttle().filing(address())
    key, problems = _read_key(lambda: service.check_key(request.headers.get("Idempotency-Key")))
    report, photos = read_report(form_fields(), problems)
    filed = service.file_report(hotline(), Filing(service.DRAFTS, key, report, photos, Channel.WEB))
    receipt = hotline().keys.answers.encrypt(filed.body).decode()
    return Response(
        json.dumps(filed.answer | {"receipt": receipt}, ensure_ascii=False), filed.status, mimetype="application/json"
    )


@intake.post("/da-nhan")
def show_receipt() -> Response:
    """Show the code of a draft that was filed; the receipt is in the body, so that no log keeps it."""
    ask_nothing_more()
    try:
        body = hotline().keys.answers.decrypt(request.form.get("receipt", ""))
    except (InvalidToken, ValueError):  # of letters beyond ASCII
        raise NotFound from None
    return Response(_filed_page(json.loads(body)))


def _filed_page(answer: dict[str, Any]) -> str:
    return render_template(
        "intake/filed.html",
        code=answer["code"],
        track_url=answer["tracking_url"],
        qr=Markup(segno.make(answer["tracking_url"], error="m").svg_inline(border=2, light="#fff", omitsize=True)),  # noqa: S704
        received_at=datetime.fromisoformat(answer["received_at"]),
        sealed=answer["status"] == Status.SEALED,
        numbers=answer.get("emergency_numbers", ()),  # one that is repeated may be of an older release
    )


def file_from_form(
    channel: Channel,
    fields: Mapping[str, str] | None = None,
    *,
    topic: str | None = None,
    within: service.Within | None = None,
) -> Filed:
    """Read the posted form, or only these fields of it, and file it; a double click's form token makes one ticket.

    Raises `KnownNearby` before anything is kept, once, so that the filer may join an incident instead. `topic` is one
    that a call-taker has confirmed; `within` is run in the commit that files.
    """
    throttle().filing(address())
    key, problems = _read_key(_form_key)
    report, photos = read_report(form_fields() if fields is None else dict(fields), problems)
    if "nearby" not in request.form and (found := _worth_asking(report)):
        raise KnownNearby(found, len(photos))
    return service.file_report(hotline(), Filing("form", key, report, photos, channel, topic), within)


def _read_key(read: Callable[[], str]) -> tuple[str, tuple[Problem, ...]]:
    """Return the key of a filing, or what is wrong with it, to be told with all else that is wrong."""
    try:
        return read(), ()
    except Refused as refused:
        return "", refused.problems


def _worth_asking(report: Report) -> list[Neighbour]:
    """Return what is known near by and may be the same."""
    if report.incident is not None or report.submission_type not in {None, *SHARED_TYPES}:
        return []
    return nearby.worth_asking(hotline(), report.text, report.place_text, report.latitude, report.longitude)


def read_report(fields: dict[str, Any], found: Iterable[Problem] = ()) -> tuple[Report, tuple[Photo, ...]]:
    """Return the report and its photos; raise `Refused` with every problem, those `found` before among them."""
    problems = list(found)
    report: Report | None = None
    photos: tuple[Photo, ...] = ()
    try:
        report = parse_report(fields)
    except Refused as refused:
        problems += refused.problems
    try:
        photos = uploaded_photos()
    except Refused as refused:
        problems += refused.problems
    if report is None or problems:
        raise Refused(problems)
    return report, photos


def form_fields() -> dict[str, Any]:
    """Return the report's fields as posted; unknown ones stay in, so that the schema refuses them."""
    return {name: value for name, value in request.form.items() if name not in BESIDES}


def uploaded_photos() -> tuple[Photo, ...]:
    """Return the re-encoded photos of the request; a file field left empty is none."""
    return uploaded("photos")["photos"]


def uploaded(*fields: str, beside: int = 0) -> dict[str, tuple[Photo, ...]]:
    """Return the re-encoded photos of each field of the request; what is wrong with one is said of its field.

    They come `beside` so many that are there already.
    """
    unknown = sorted(set(request.files) - set(fields))
    if unknown:
        raise Refused(Problem(name[:100], "unknown_field") for name in unknown)
    uploads = {field: [one for one in request.files.getlist(field) if one.filename] for field in fields}
    if sum(len(some) for some in uploads.values()) + beside > PHOTOS_MAX:
        raise refuse(fields[0], "too_many_photos", max=PHOTOS_MAX)
    return {field: _read(field, some) for field, some in uploads.items()}


def _read(field: str, uploads: list[FileStorage]) -> tuple[Photo, ...]:
    try:
        return read_photos([upload.stream.read() for upload in uploads])
    except Refused as refused:
        raise Refused(replace(p, field=p.field.replace("photos", field, 1)) for p in refused.problems) from None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(hotline().keys.web, salt="form")


def new_form_token() -> str:
    """Return the token of one showing of the form: signed, dated, never given twice."""
    return _serializer().dumps(secrets.token_urlsafe(16))


def _form_key() -> str:
    try:
        return str(_serializer().loads(request.form.get("form_token", ""), max_age=FORM_LIFE))
    except BadData:
        raise refuse("", "form_token") from None


def show_form(
    template: str,
    values: dict[str, str],
    problems: tuple[Problem, ...],
    *,
    away: bool = False,
    as_shell: bool = False,
    **more: Any,
) -> str:
    """Render the form with what was typed and what is wrong with it, field by field.

    With `as_shell` it is for a phone to keep: it says nothing of who asks, and has no token.
    """
    if away or as_shell:
        ask_nothing_more()
    stale = any(p.code == "form_token" for p in problems)
    token = values.get("form_token") if values and not stale else None
    return render_template(
        template,
        values=values,
        errors=grouped_errors(problems) | (away_errors() if away else {}),
        form_token="" if as_shell else token or new_form_token(),
        as_shell=as_shell,
        limits=LIMITS,
        submission_types=_types(),
        topic_groups=topic_groups(),
        cues=json.dumps(cues(), ensure_ascii=False),
        **more,
    )


def away_errors() -> dict[str, list[str]]:
    """Return what a form says, as `grouped_errors` does, while the database or the disk is away."""
    return {"": [_("Hệ thống đang bận. Chữ của bạn vẫn còn ở đây; ít phút nữa bạn gửi lại nhé.")]}


def show_nearby(template: str, known: KnownNearby) -> str:
    """Render the step between: what is known near by, and everything that was typed, to be sent once more."""
    typed = [
        (name, value)
        for name, value in request.form.items()
        if name not in {"csrf_token", "nearby", "incident"} and value
    ]
    return render_template(template, known=known, typed=typed, limits=LIMITS, errors={})


def grouped_errors(problems: tuple[Problem, ...]) -> dict[str, list[str]]:
    """Return the messages by field, in the person's language; photos count as one field."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        field = problem.field.split(".")[0]
        if field == "incident":  # no form has a field for it, so it is said on top
            field = ""
        found.setdefault(field, []).append(problem_words(problem))
    return found


def _types() -> list[tuple[str, str, str]]:
    return [(kind.value, type_words(kind), type_advice(kind)) for kind in CHOSEN]
