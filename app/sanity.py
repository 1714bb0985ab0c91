"""What no operation can use is refused before any sees it: undecodable bytes, control characters, too much."""

import uuid
from typing import Final
from urllib.parse import unquote_to_bytes

from flask import Flask, g, request
from werkzeug.exceptions import Forbidden, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.intake.photos import PHOTO_MB, PHOTOS_MAX
from app.problems import Malformed, Problem, WrongMediaType

#: 5,000 code points may come decomposed, and each byte percent-encoded or each unit \\u-escaped: about 200 kB.
BODY_MAX: Final = 256 * 1024
UPLOAD_MAX: Final = PHOTOS_MAX * PHOTO_MB * 1024 * 1024 + BODY_MAX
FORM_PARTS_MAX: Final = 100

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)


def register(app: Flask) -> None:
    """Attach the checks before each request and the headers after it."""
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_MAX
    app.config["MAX_FORM_PARTS"] = FORM_PARTS_MAX
    app.before_request(_identify)
    app.before_request(_readable)
    app.before_request(_bounded)
    app.before_request(_same_site)
    app.after_request(_headers)


def _identify() -> None:
    g.request_id = uuid.uuid4().hex[:16]


def _readable() -> None:
    """Refuse paths, queries and headers that are not UTF-8 or hold control characters."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path
    path, _, query = str(raw).partition("?")
    for name, part in (("path", path), ("query", query.replace("+", " "))):
        _refuse_unreadable(name, unquote_to_bytes(part))
    for name, value in request.headers.items():
        if any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise Malformed([Problem(name[:60], "control")])


def _refuse_unreadable(name: str, part: bytes) -> None:
    try:
        text = part.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed([Problem(name, "undecodable")]) from None
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise Malformed([Problem(name, "control")])


def _bounded() -> None:
    """Set how much this request may bring; Werkzeug stops reading there, whatever length was declared."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise WrongMediaType([Problem("Content-Encoding", "content_type", {"expected": "identity"})])
    request.max_content_length = UPLOAD_MAX if request.mimetype == "multipart/form-data" else BODY_MAX
    if (request.content_length or 0) > request.max_content_length:
        raise RequestEntityTooLarge


def _same_site() -> None:
    """Refuse forms posted from another site; programs send no such header and carry no cookie."""
    unsafe = request.method not in {"GET", "HEAD", "OPTIONS"}
    if unsafe and request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        raise Forbidden


def _headers(response: AnyResponse) -> AnyResponse:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP)
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "geolocation=(self), microphone=(self), camera=(self)"
    headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response
