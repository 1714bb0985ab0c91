"""Tracking pages. The code comes in the body of a POST, never in a path or a query, so no log keeps it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request

from app import errors, wording
from app.current import address, hotline, throttle
from app.intake.views import grouped_errors
from app.problems import Conflict, NotFound, Problem, Refused
from app.tracking import service
from app.tracking.service import Track
from models.code import grouped, normalised
from models.vocabulary import Status

tracking = Blueprint("tracking", __name__, url_prefix="/t")


@dataclass(frozen=True)
class TimelineRow:
    """One line of the timeline in words."""

    at: Any
    words: str
    public_text: str | None


@tracking.get("")
def ask() -> str:
    """Ask for the code."""
    return render_template("tracking/ask.html", values={}, errors={})


@tracking.post("")
def show() -> Response:
    """Show how the report stands."""
    return _answer(lambda code: service.track(hotline(), code))


@tracking.post("/bo-sung")
def add_information() -> Response:
    """Take the citizen's answer to the unit's question."""
    return _answer(lambda code: service.add_information(hotline(), code, request.form.get("message", "")))


@tracking.post("/mo-lai")
def reopen() -> Response:
    """Take "not done yet"."""
    return _answer(lambda code: service.reopen(hotline(), code, request.form.get("message", "")))


@tracking.post("/danh-gia")
def rate() -> Response:
    """Take the stars and a word."""
    typed = request.form.get("rating", "")
    stars = int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 1 else 0
    return _answer(lambda code: service.rate(hotline(), code, stars, request.form.get("comment", "")))


def _answer(act: Callable[[str], Track]) -> Response:
    throttle().code(address())
    code = request.form.get("code", "")[:100]
    try:
        return Response(_page(act(code), {}))
    except NotFound:
        return _ask_again(code, (Problem("code", "unknown_code"),), 404)
    except Refused as refused:
        if any(p.field == "code" for p in refused.problems):
            return _ask_again(code, refused.problems, 422)
        return _with_errors(code, refused)


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


def _page(track: Track, problems: dict[str, list[str]], *, lost: bool = False) -> str:
    """Return the page of a report. `lost` words have no form any more to stand in, as it is now."""
    rows = [TimelineRow(m.at, wording.citizen_words(m.kind), m.public_text) for m in track.timeline]
    # One that others reported too may have been reopened on another's word.
    shared = track.follows or (track.status if track.reports > 1 and track.status is Status.REOPENED else None)
    view = {name: getattr(track, name) for name in track.__dataclass_fields__ if name != "timeline"}
    view |= {
        "status": track.status.value,
        "can_answer": track.can_answer,
        "headline": wording.headline(track.status) if not shared else wording.followed_headline(shared),
        "next_words": wording.next_words(track.status) if not track.follows else wording.followed_next(track.follows),
        "timeline": rows,
    }
    values = request.form.to_dict()
    typed = (values.get("message") or values.get("comment")) if lost else None
    return render_template("tracking/ticket.html", view=view, errors=problems, values=values, typed=typed)
