"""What no operation can use is refused before any sees it: undecodable bytes, control characters, too much."""

import re
import time
import uuid
from contextlib import suppress
from functools import partial
from typing import IO, Any, Final
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

from flask import Flask, g, request
from flask import Request as FlaskRequest
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import ClientDisconnected, Forbidden, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wrappers import Response as AnyResponse

from app.current import hotline
from app.intake.photos import PHOTO_MB, PHOTOS_MAX
from app.problems import Malformed, Problem, WrongMediaType

#: 5,000 code points may come decomposed, and each byte percent-encoded or each unit \\u-escaped: about 200 kB.
BODY_MAX: Final = 256 * 1024
UPLOAD_MAX: Final = PHOTOS_MAX * PHOTO_MB * 1024 * 1024 + BODY_MAX
FORM_PARTS_MAX: Final = 120
DRAIN_SECONDS: Final = 10.0

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: `{images}` is the host of map tiles, if any.
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{images}; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'; "
    "worker-src 'self'"
)


class FormParser(FormDataParser):
    """Werkzeug's, but in both encodings of a form what is not UTF-8 becomes U+FFFD, which no field takes.

    In a urlencoded one Werkzeug makes percent signs of it, as if they were typed, and counts no fields.
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """Return (stream, fields, files)."""
        if mimetype != "application/x-www-form-urlencoded":
            return super().parse(stream, mimetype, content_length, options)
        body = stream.read().decode("utf-8", "replace")
        try:
            fields = parse_qsl(body, keep_blank_values=True, errors="replace", max_num_fields=FORM_PARTS_MAX)
        except ValueError:
            raise RequestEntityTooLarge from None
        return stream, self.cls(fields), self.cls()


class Request(FlaskRequest):
    """Flask's, with our parser of forms."""

    form_data_parser_class = FormParser


def register(app: Flask, map_host: str | None = None) -> None:
    """Attach the checks before each request and the headers after it; pages may show images of `map_host`."""
    app.request_class = Request
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_MAX
    app.config["MAX_FORM_PARTS"] = FORM_PARTS_MAX
    app.before_request(_identify)
    app.before_request(_readable)
    app.before_request(_bounded)
    app.before_request(_same_site)
    policy = CSP.format(images=f" {map_host}" if map_host else "")
    app.after_request(partial(_headers, policy=policy))


def _identify() -> None:
    g.request_id = uuid.uuid4().hex[:16]


def _readable() -> None:
    """Refuse paths, queries and headers that are not UTF-8 or hold control characters."""
    # WSGI gives bytes as Latin-1.
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or quote(request.path)
    path, _, query = str(raw).encode("latin-1").partition(b"?")
    for name, part in (("path", path), ("query", query.replace(b"+", b" "))):
        _refuse_unreadable(name, unquote_to_bytes(part))
    for name, value in request.headers.items():
        _refuse_unreadable(name[:60], value.encode("latin-1"))


def _refuse_unreadable(name: str, part: bytes) -> None:
    try:
        text = part.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed([Problem(name, "undecodable")]) from None
    if _CONTROL.search(text):
        raise Malformed([Problem(name, "control")])


def _bounded() -> None:
    """Refuse more than a request may bring, whatever length it declares, and less than it declares."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise WrongMediaType([Problem("Content-Encoding", "content_type", {"expected": "identity"})])
    if request.mimetype == "multipart/form-data":
        request.max_content_length = UPLOAD_MAX
    else:
        _read_whole()


def _read_whole() -> None:
    """Read a body of which no parts say whether it is whole: Werkzeug takes as much as it gets for all there is."""
    request.max_content_length = BODY_MAX + 1  # where Werkzeug stops reading, without a word
    body = request.get_data()
    if len(body) > BODY_MAX:
        raise RequestEntityTooLarge
    if len(body) < (request.content_length or 0):
        raise ClientDisconnected


def _same_site() -> None:
    """Refuse forms posted from another site; programs send no such header and carry no cookie."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"} or _is_elsewhere(
        request.headers.get("Origin", "null")
    ):
        raise Forbidden


def _is_elsewhere(origin: str) -> bool:
    """Tell whether a browser names another site: older ones send no better header.

    Pages that send no referrer, as ours, have the origin "null".
    """
    public = hotline().settings.public_url
    return origin not in {"null", public} and urlsplit(origin).netloc != request.host


def _headers(response: AnyResponse, policy: str) -> AnyResponse:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "geolocation=(self), microphone=(self), camera=(self)"
    headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    elif "v" in request.args:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif request.path.endswith((".css", ".js")):
        headers["Cache-Control"] = "no-cache"  # asked for anew, with its ETag, when a release may have changed it
    if request.content_length or "Transfer-Encoding" in request.headers:
        response.call_on_close(partial(_drain, request.environ))
    return response


def _drain(environ: dict[str, Any]) -> None:
    """Read past what was not taken of a body: its sender would get a reset connection instead of our answer.

    gunicorn does so itself, but for 64 kB only.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None:
        return
    until, left = time.monotonic() + DRAIN_SECONDS, UPLOAD_MAX
    with suppress(Exception):  # whatever is wrong with the rest: it is answered already
        connection.settimeout(DRAIN_SECONDS)
        while left > 0 and time.monotonic() < until and (rest := environ["wsgi.input"].read(65536)):
            left -= len(rest)
