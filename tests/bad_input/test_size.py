"""How much is too much, whichever way it comes."""

import json
import unicodedata
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.hotline import Hotline
from tests.bad_input.conftest import (
    FORM,
    JSON,
    MULTIPART,
    WORDS,
    Wire,
    fresh_key,
    multipart,
    post_json,
    problems,
    tickets,
)
from tests.installation import Filed
from tests.pages import code_shown, hidden, words

MEGABYTE = "a" * 1_000_000
#: How a report may be sent: content type → body, for the API and for the form.
ENCODINGS: dict[str, Callable[[dict[str, str]], bytes]] = {
    FORM: lambda fields: urlencode(fields).encode(),
    MULTIPART: lambda fields: multipart({**fields}),
    JSON: lambda fields: json.dumps(fields).encode(),
}
#: field → the most code points that it takes
LIMITS = {"text": 5000, "place_text": 500, "contact_name": 200}


@pytest.mark.parametrize("chunked", [False, True], ids=["length declared", "chunked without length"])
def test_size_limits_hold_in_every_encoding(wire: Wire, *, chunked: bool) -> None:
    """Check 16. Send 1 MB of text, then 20, as a form in both encodings and as JSON, its length declared and not.

    Expect 413 each time, nothing stored, and a process that has not grown by 10 MB. Removing `_read_whole`, its look at
    the length, `_drain` or `MAX_FORM_MEMORY_SIZE` from `app.sanity` makes it fail.
    """
    before = wire.tickets
    _send(wire, MEGABYTE, chunked=chunked)  # which makes the process load what it needs
    with wire.growing_less_than(10):
        _send(wire, MEGABYTE * 20, chunked=chunked)
    assert wire.tickets == before


@pytest.mark.parametrize("kind", ENCODINGS)
def test_too_much_is_refused_before_it_is_sent(wire: Wire, kind: str) -> None:
    """Check 16. Declare a gigabyte and send none of it: expect the answer at once, as nothing of it is waited for.

    Removing `max_content_length` from `app.sanity` makes it fail: the server would wait for the body.
    """
    head = f"POST /api/v1/reports HTTP/1.1\nHost: x\nContent-Type: {kind}\nContent-Length: 1000000000\n\n"
    assert wire.status(head) == 413


@pytest.mark.parametrize("kind", ENCODINGS)
def test_a_text_is_counted_in_code_points_after_composing(client: FlaskClient, hotline: Hotline, kind: str) -> None:
    """Check 16. Send texts of exactly the limits and one beyond each, decomposed, in every encoding.

    Expect the limits taken and kept whole, one beyond refused naming field and limit. Counting bytes, or counting
    before NFC, makes it fail.
    """
    for letter in ("ệ", "🏍", "a"):  # three code points when decomposed, four bytes, one byte
        decomposed = unicodedata.normalize("NFD", letter)
        for length in (10, 5000):
            answer = _file(client, kind, {"text": decomposed * length})
            assert answer.status_code == 201
            assert Filed(_code(answer), hotline).ticket().text == letter * length
        filed = tickets(hotline)
        for length, limit in ((9, 10), (5001, 5000)):
            answer = _file(client, kind, {"text": decomposed * length})
            assert answer.status_code == 422
            _names_the_limit(answer, limit)
            if kind == FORM:
                assert decomposed * length in answer.text, "the form has lost what was typed"
        assert tickets(hotline) == filed


def test_every_line_has_a_limit_that_is_named(client: FlaskClient, hotline: Hotline) -> None:
    for number, (field, most) in enumerate(LIMITS.items(), 1):
        report = {"text": WORDS, "consent": "true", field: "ở" * most}
        assert post_json(client, report).status_code == 201
        refused = post_json(client, report | {field: "ở" * (most + 1)})
        assert refused.status_code == 422
        assert problems(refused) == [(field, "too_long")]
        _names_the_limit(refused, most)
        assert tickets(hotline) == number


def test_ten_thousand_fields_are_too_many(client: FlaskClient, hotline: Hotline) -> None:
    """Check 16. Send 10 000 fields in every encoding.

    Expect 413 without a sentence on each. Removing the count in `app.sanity`, `MAX_FORM_PARTS` or `FIELDS_MAX` of
    `app.api.strictjson` makes it fail.
    """
    for kind in ENCODINGS:
        answer = _file(client, kind, {f"f{n}": "1" for n in range(10_000)})
        assert answer.status_code == 413
        assert len(answer.data) < 10_000
    assert tickets(hotline) == 0


def test_a_name_of_a_hundred_lines_becomes_one_line_or_is_too_long(client: FlaskClient, hotline: Hotline) -> None:
    report = {"text": WORDS, "consent": True}
    filed = post_json(client, report | {"contact_name": "A\n" * 100})
    assert filed.status_code == 201
    contact = Filed(_code(filed), hotline).contact()
    assert contact is not None
    assert contact.name == " ".join("A" * 100)
    refused = post_json(client, report | {"contact_name": "Nguyễn Văn A\r\n" * 100})
    assert problems(refused) == [("contact_name", "too_long")]


def _send(wire: Wire, text: str, *, chunked: bool) -> None:
    for path, kind in (("/", FORM), ("/", MULTIPART), ("/api/v1/reports", MULTIPART), ("/api/v1/reports", JSON)):
        body = ENCODINGS[kind]({"text": text})
        content = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body
        answer = wire.client.post(path, content=content, headers={"Content-Type": kind, **fresh_key()})
        assert answer.status_code == 413, (path, kind)


def _file(client: FlaskClient, kind: str, fields: dict[str, str]) -> TestResponse:
    """File as a form when it is urlencoded, which the API does not take, else over the API."""
    if kind == FORM:
        fields = {"form_token": hidden(client.get("/").text, "form_token"), **fields}
    path = "/" if kind == FORM else "/api/v1/reports"
    return client.post(path, data=ENCODINGS[kind](fields), content_type=kind, headers=fresh_key())


def _names_the_limit(answer: TestResponse, limit: int) -> None:
    if answer.mimetype == "text/html":
        assert f"{limit} ký tự" in words(answer.text)
        return
    (error,) = json.loads(answer.text)["errors"]
    assert f"{limit} ký tự" in error["vi"]
    assert f"{limit} characters" in error["en"]


def _code(answer: TestResponse) -> str:
    if answer.mimetype == JSON:
        return str(json.loads(answer.text)["code"])
    return code_shown(answer.text)
