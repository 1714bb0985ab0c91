"""The one table from what went wrong to what the asker gets: problem+json for programs, a page for people."""

import json
import logging
from typing import Any, Final

from flask import Flask, Response, g, render_template, request
from gunicorn.http.errors import ParseException
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app.current import ask_nothing_more, hotline
from app.i18n import language
from app.intake.service import KeyReused
from app.problems import (
    Conflict,
    Malformed,
    NotAvailable,
    NotFound,
    OutOfScope,
    Problem,
    Refused,
    TooManyTries,
    WrongMediaType,
)
from app.wording import problem_words

log = logging.getLogger(__name__)

#: Seconds after which a citizen may try again while the database is away.
RETRY_AFTER: Final = 30
#: In `flask.g`: what was typed into the form that is being answered, for who may send it again in a while.
TYPED: Final = "typed"
#: What answers in JSON, so its refusals do too.
FOR_PROGRAMS: Final = ("/api/", "/suggest", "/gui")
_STATUS: Final[tuple[tuple[type[Refused], int], ...]] = (
    (Malformed, 400),
    (OutOfScope, 403),
    (WrongMediaType, 415),
    (Conflict, 409),
    (KeyReused, 422),
    (Refused, 422),
)


def status_of(refused: Refused) -> int:
    """Return the HTTP status of a refusal. A missing or malformed idempotency key is a bad request."""
    if any(p.code in {"key_required", "key_malformed"} for p in refused.problems):
        return 400
    return next(status for kind, status in _STATUS if isinstance(refused, kind))


def register(app: Flask) -> None:
    """Attach every handler."""
    app.register_error_handler(Refused, lambda e: answer(status_of(e), e.problems))
    app.register_error_handler(NotFound, lambda _e: answer(404))
    app.register_error_handler(TooManyTries, lambda e: answer(429, retry_after=e.retry_after))
    app.register_error_handler(NotAvailable, lambda _e: answer(503, retry_after=RETRY_AFTER))
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(DBAPIError, _database_away)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, lambda _e: answer(400))  # chunks of a body that do not fit together
    app.register_error_handler(Exception, _unexpected)


def is_away(error: Exception) -> bool:
    """Tell whether the database or the disk is away, busy, full or not to be written, as against an error of ours."""
    if isinstance(error, InternalError):
        return isinstance(error.orig, ReadOnlySqlTransaction)  # as on a standby that was switched to
    return isinstance(error, (OperationalError, PoolTimeout, NotAvailable)) or bool(
        getattr(error, "connection_invalidated", False)
    )


def _database_away(error: Exception) -> AnyResponse:
    if not is_away(error):
        return _unexpected(error)
    log.warning("database away: %s", type(error).__name__)
    return answer(503, retry_after=RETRY_AFTER)


def _http(error: HTTPException) -> AnyResponse:
    response = answer(error.code or 500)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _unexpected(error: Exception) -> AnyResponse:
    # The message may quote a citizen, so the log gets the kind and the place alone.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    log.error("unexpected %s at %s (request %s)", type(error).__name__, where, g.get("request_id"))
    return answer(500)


def answer(status: int, problems: tuple[Problem, ...] = (), retry_after: int | None = None) -> AnyResponse:
    """Build the error answer in the shape that this asker reads. Asks the database nothing."""
    ask_nothing_more()
    title = _TITLES.get(status, _TITLES[500])
    if request.path.startswith(FOR_PROGRAMS):
        response: AnyResponse = problem_json(status, problems)
    else:
        page = render_template(
            "errors/error.html",
            status=status,
            title=title[0] if language() == "vi" else title[1],
            advice="\n".join(f"{p.field}: {problem_words(p)}".removeprefix(": ") for p in problems)
            or (title[2] if language() == "vi" else title[3]).format(phone=hotline().files.phone),
            retry_after=retry_after,
            again=g.get(TYPED) if retry_after is not None else None,
        )
        response = Response(page, status, mimetype="text/html")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def problem_json(status: int, problems: tuple[Problem, ...] = ()) -> Response:
    """Return an RFC 9457 problem with every bad field in Vietnamese and English."""
    vi, en, *_advice = _TITLES.get(status, _TITLES[500])
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": en,
        "title_vi": vi,
        "status": status,
        "errors": [p.as_json() for p in problems],
    }
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json")


#: status → (Vietnamese, English, what to do in Vietnamese, in English)
_TITLES: Final = {
    400: ("Chúng tôi không đọc được yêu cầu này", "Bad request", "Bạn quay lại trang trước và thử lần nữa.", "Go back and try again."),
    401: ("Bạn cần đăng nhập", "Unauthorized", "Bạn đăng nhập rồi làm lại.", "Log in and try again."),
    403: ("Không làm được việc này", "Forbidden", "Bạn mở lại trang và thử lần nữa.", "Open the page again and try once more."),
    404: ("Không có trang này", "Not found", "Địa chỉ có thể đã đổi, hoặc bạn không được xem nó.", "The address may have changed, or it is not for you to see."),
    405: ("Không làm được việc này ở đây", "Method not allowed", "Bạn quay lại trang trước.", "Go back to the page before."),
    409: ("Có người vừa cập nhật", "Conflict", "Bạn xem lại rồi làm lần nữa.", "Look again and try once more."),
    413: ("Gửi nhiều quá", "Content too large", "Bạn bớt chữ hoặc bớt ảnh rồi gửi lại.", "Send less text or fewer photos."),
    415: ("Kiểu nội dung này không nhận được", "Unsupported media type", "Bạn gửi JSON hoặc biểu mẫu.", "Send JSON or a form."),
    422: ("Có chỗ cần xem lại", "Unprocessable content", "Bạn xem từng mục được nêu.", "See each field that is named."),
    429: ("Bạn thử nhiều lần quá", "Too many requests", "Bạn chờ một lát rồi thử lại.", "Wait a moment and try again."),
    500: ("Có trục trặc phía chúng tôi", "Internal server error", "Lỗi của chúng tôi, không phải của bạn. Bạn thử lại sau ít phút; việc gấp gọi {phone}.", "Our fault, not yours. Try again in a few minutes; if it is urgent, call {phone}."),
    503: ("Hệ thống đang bận", "Service unavailable", "Chữ bạn viết chưa gửi được. Bạn thử lại sau ít phút; việc gấp gọi {phone}.", "What you wrote was not sent. Try again in a few minutes; if it is urgent, call {phone}."),
}  # fmt: skip
