"""Tracking pages. The code comes in the body of a POST, never in a path or a query, so no log keeps it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, g, render_template, request, send_file, url_for
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from app import errors, wording
from app.assignment import local_date
from app.current import address, hotline, throttle
from app.intake.views import LIMITS, grouped_errors, uploaded_photos
from app.problems import Conflict, NotFound, Problem, Refused
from app.tracking import service
from app.tracking.service import Track
from models.code import grouped, normalised
from models.ticket import Attachment
from models.vocabulary import Status, topics

#: Seconds for which a page's photos can be looked at: long enough for a slow network, too short to be handed on.
PHOTO_LIFE: Final = 1800

tracking = Blueprint("tracking", __name__, url_prefix="/t")


@dataclass(frozen=True)
class TimelineRow:
    """One line of the timeline in words."""

    at: Any
    words: str
    public_text: str | None
    committed_at: Any
    reason: str | None = None
    photos: tuple[Any, ...] = ()


@tracking.get("")
def ask() -> str:
    """Ask for the code."""
    return render_template("tracking/ask.html", values={}, errors={})


@tracking.post("")
def show() -> Response:
    """Show how the report stands."""
    return _answer(lambda code: service.track(hotline(), code))


@tracking.post("/thu")
def letters() -> Response:
    """Show the letters to the citizen as they are printed."""
    return _answer(lambda code: service.track(hotline(), code), _letters)


@tracking.post("/bo-sung")
def add_information() -> Response:
    """Take the citizen's answer to the unit's question."""
    return _step(
        lambda code: service.add_information(hotline(), code, request.form.get("message", ""), uploaded_photos())
    )


@tracking.post("/mo-lai")
def reopen() -> Response:
    """Take "not done yet"."""
    return _step(lambda code: service.reopen(hotline(), code, request.form.get("message", ""), uploaded_photos()))


@tracking.get("/anh/<token>")
def photo(token: str) -> AnyResponse:
    """Send a photo to who was shown its report a while ago; the token says nothing of the code."""
    try:
        photo_id = UUID(_shown_photos().loads(token, max_age=PHOTO_LIFE))
    except (BadData, ValueError):
        raise NotFound from None
    path = service.photo_of(hotline(), photo_id)
    return send_file(path, mimetype="image/jpeg", download_name="anh.jpg", max_age=0)


def _shown_photos() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(hotline().keys.web, salt="photo")


@tracking.post("/danh-gia")
def rate() -> Response:
    """Take the stars and a word."""
    typed = request.form.get("rating", "")
    stars = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 1 else 0
    return _step(lambda code: service.rate(hotline(), code, stars, request.form.get("comment", "")))


@tracking.post("/xoa-lien-he")
def erase_contact() -> Response:
    """Take the citizen's contact out of their report."""
    return _step(lambda code: service.erase_contact(hotline(), code))


def photo_address(photo_id: UUID) -> str:
    """Return where a photo is for a while. It says nothing of the code that led to it."""
    return url_for("tracking.photo", token=_shown_photos().dumps(photo_id.hex))


def _answer(act: Callable[[str], Track], page: Callable[[Track], str] | None = None) -> Response:
    code = request.form.get("code", "")[:100]
    setattr(g, errors.TYPED, request.form.to_dict())
    try:
        with throttle().code(address()):
            found = act(code)
        return Response(page(found) if page else _page(found, {}))
    except NotFound:
        return _ask_again(code, (Problem("code", "unknown_code"),), 404)
    except Refused as refused:
        if any(p.field == "code" for p in refused.problems):
            return _ask_again(code, refused.problems, 422)
        return _with_errors(code, refused)


def _step(act: Callable[[str], Track]) -> Response:
    """Answer a step of the citizen. Its code is looked up before whatever else may be wrong, so that a miss counts."""

    def known_first(code: str) -> Track:
        service.look_up(hotline(), code)
        return act(code)

    return _answer(known_first)


def _letters(track: Track) -> str:
    if not track.letters:
        raise NotFound
    return render_template("letters/read.html", letters=track.letters, code=track.code)


def _with_errors(code: str, refused: Refused) -> Response:
    """Show the report again with what was wrong and what was typed; a conflict shows the present state."""
    problems = refused.problems
    if isinstance(refused, Conflict):
        problems = tuple(Problem("", p.code, p.params) for p in problems)
    page = _page(service.track(hotline(), code), grouped_errors(problems), lost=isinstance(refused, Conflict))
    return Response(page, errors.status_of(refused))


def _ask_again(code: str, problems: tuple[Problem, ...], status: int) -> Response:
    known = normalised(code)
    values = {"code": grouped(known) if known else code}
    return Response(render_template("tracking/ask.html", values=values, errors=grouped_errors(problems)), status)


def _next_words(track: Track) -> str:
    if track.can_reopen and Status.CLOSED in {track.status, track.follows}:
        return wording.closed_and_open_to_doubt()
    if track.can_reopen and Status.REJECTED in {track.status, track.follows}:
        return wording.refused_and_open_to_doubt()
    if track.follows:
        return wording.followed_next(track.follows)
    moved = [moment.kind for moment in track.timeline if moment.kind not in service.OF_THE_PERSON]
    return wording.next_words(track.status, moved[-1] if moved else None)


def _page(track: Track, problems: dict[str, list[str]], *, lost: bool = False) -> str:
    """Return the page of a report. `lost` words have no form any more to stand in, as it is now."""
    rows = [
        TimelineRow(
            m.at,
            wording.citizen_words(m.kind, m.status),
            m.public_text,
            m.committed_at,
            wording.refusal_words(m.reason_code) if m.reason_code else None,
            tuple(_photo(photo) for photo in m.photos),
        )
        for m in track.timeline
    ]
    # One that others reported too may have been reopened on another's word.
    shared = track.follows or (track.status if track.reports > 1 and track.status is Status.REOPENED else None)
    view = {name: getattr(track, name) for name in track.__dataclass_fields__ if name != "timeline"}
    view |= {
        "status": track.status.value,
        "can_answer": track.can_answer,
        "headline": wording.headline(track.status) if not shared else wording.followed_headline(shared),
        "next_words": _next_words(track),
        "advice": topics()[track.topic].emergency_advice if track.emergency and track.topic else None,
        "timeline": rows,
        "opening_words": opening_words(track),
        "pictures": [photo_address(photo_id) for photo_id in track.pictures],
    }
    values = request.form.to_dict()
    typed = (values.get("message") or values.get("comment")) if lost else None
    return render_template(
        "tracking/ticket.html", view=view, errors=problems, values=values, typed=typed, limits=LIMITS
    )


def _photo(photo: Attachment) -> SimpleNamespace:
    words = wording.photo_words(photo.shows)
    return SimpleNamespace(address=photo_address(photo.id), words=words, width=photo.width, height=photo.height)


def opening_words(track: Track) -> str | None:
    """Return whether the unit that has the report is open now."""
    if track.opening is None:
        return None
    return wording.opening_words(track.opening, local_date(hotline(), hotline().now()))
