"""Bodies that are no JSON, that are another JSON than was asked for, and methods that do not fit."""

import json
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.hotline import Hotline
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Channel, Status, Urgency
from tests.bad_input.conftest import (
    JSON,
    MULTIPART,
    WORDS,
    addresses,
    fresh_key,
    multipart,
    post_json,
    problems,
    tickets,
)
from tests.installation import LIGHTS, Filed, Staff
from tests.pages import post_form, words

REPORT = json.dumps({"text": WORDS}).encode()
NO_JSON = [
    b"",
    b"{",
    b"[" * 100_000,
    b'{"text":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"text":' * 30_000,
    b'{"text":' + b"[" * 20 + b"]" * 20 + b"}",
    b'{"text": "NaN is no number", "latitude": NaN, "longitude": 1}',
    b'{"text": "nor is Infinity", "latitude": -Infinity, "longitude": 1}',
    b'{"text": "one thing is said", "text": "and then another"}',
    b'{"text": {"a": 1, "a": 2}}',
    b'{"latitude": ' + b"1" * 100_000 + b"}",
    REPORT + b"}",
    b"text=a+form",
    b"{'text': 'Python'}",
    b'{"text": "a\nb"}',
]
NO_UTF_8 = [
    b"\xff\xfe" + REPORT.decode().encode("utf-16-le"),
    b'{"text": "\xc3\x28"}',
    b'{"text": "half a pair of surrogates \xed\xa0\x80"}',
]
TAKING_JSON = ("/api/v1/reports", "/api/v1/track", "/api/v1/track/information", "/api/v1/track/rating")
#: What a report must not be able to set.
OVERPOSTED = {
    "status": "closed",
    "_status": "closed",
    "role": "admin",
    "department": "tt_ql_gt_htkt",
    "department_id": "tt_ql_gt_htkt",
    "created_at": "2001-01-01T00:00:00Z",
    "received_at": "2001-01-01T00:00:00Z",
    "id": "00000000-0000-0000-0000-000000000000",
    "version": "9",
    "channel": "phone",
    "code": "7KQ2-M9XD-0F3B-HZ8N",
    "urgency": "emergency",
    "topic_slug": "street-lighting",
    "__class__": "x",
}

STEPS = ("accept", "return", "answer", "ask", "reject", "refer", "seal", "route")
ROUTE = {"topic_slug": "street-lighting", "department_id": LIGHTS, "ward_code": None, "reason": ""}

#: An example is a request to the one installation of the test.
PATIENTLY = settings(max_examples=150, deadline=None)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
FIELDS = st.sampled_from(
    ["text", "place_text", "latitude", "longitude", "contact_name", "contact_phone", "contact_email", "consent",
     "submission_type", "code", "message", "rating", "comment", "version", "reason", "public_text", "topic_slug",
     "department_id", "ward_code"]
)  # fmt: skip
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.just(10**400) | st.just(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | ANY_TEXT, inner, max_size=6),
    max_leaves=12,
)
OBJECTS = st.dictionaries(FIELDS | ANY_TEXT, ANY_JSON, max_size=8)
BODIES = st.binary() | OBJECTS.map(lambda value: json.dumps(value).encode()) | st.sampled_from(NO_JSON + NO_UTF_8)


def test_what_is_no_json_is_a_bad_request(client: FlaskClient, hotline: Hotline) -> None:
    """Check 19. Send 100 000 opening brackets, `NaN`, repeated keys, endless numbers, and what is no JSON at all.

    Expect 400 wherever JSON is taken, never 500. Removing `_check_depth`, `_refuse_constant` or `_unique` of
    `app.api.strictjson` makes it fail.
    """
    for path in TAKING_JSON:
        for code, bodies in (("malformed_json", NO_JSON), ("undecodable", NO_UTF_8)):
            for body in bodies:
                answer = post_json(client, body, path)
                assert answer.status_code == 400, body[:40]
                assert problems(answer) == [("", code)], body[:40]
                assert len(answer.data) < 1000
    assert tickets(hotline) == 0


def test_a_report_is_an_object(client: FlaskClient, hotline: Hotline) -> None:
    """Check 19. Send an array, a text, a number, null: expect 422."""
    for path in TAKING_JSON:
        for other in ([], [{"text": WORDS}], WORDS, 5, None, True):
            answer = post_json(client, json.dumps(other).encode(), path)
            assert answer.status_code == 422
            assert problems(answer) == [("", "not_object")]
    assert tickets(hotline) == 0


def test_another_type_of_content_is_not_taken(client: FlaskClient, hotline: Hotline) -> None:
    """Check 19. Send a good report under a wrong name: expect 415. Looking at the body alone makes it fail."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json", "text/html", "x", ""):
        answer = client.post("/api/v1/reports", data=REPORT, content_type=kind, headers=fresh_key())
        assert answer.status_code == 415, kind
        assert problems(answer) == [("Content-Type", "content_type")]
        assert client.post("/api/v1/track", data=b'{"code": "x"}', content_type=kind).status_code == 415
    assert client.post("/api/v1/track", data=multipart({"code": "x"}), content_type=MULTIPART).status_code == 415
    assert tickets(hotline) == 0
    named = client.post("/api/v1/reports", data=REPORT, content_type=f"{JSON}; charset=utf-8", headers=fresh_key())
    assert named.status_code == 201


def test_fields_that_are_not_asked_for_are_refused_and_never_applied(client: FlaskClient, hotline: Hotline) -> None:
    """Check 19. Add `status`, `role`, `department`, `created_at` and more to a report, in every encoding.

    Expect 422 naming each, and nothing stored. Taking `extra="forbid"` from `Report` makes it fail.
    """
    named = sorted((name, "unknown_field") for name in OVERPOSTED)
    fields = {"text": WORDS, **OVERPOSTED}
    by_json = post_json(client, fields)
    by_parts = client.post("/api/v1/reports", data=multipart({**fields}), content_type=MULTIPART, headers=fresh_key())
    for answer in (by_json, by_parts):
        assert answer.status_code == 422
        assert problems(answer) == named
    by_form = post_form(client, "/", "/", **fields)
    assert by_form.status_code == 422
    assert words(by_form.text).count("Không có mục này.") >= len(OVERPOSTED)
    assert tickets(hotline) == 0

    ticket = Filed(json.loads(post_json(client, {"text": WORDS}).text)["code"], hotline).ticket()
    assert (ticket.status, ticket.channel, ticket.urgency) == (Status.RECEIVED, Channel.API, Urgency.NORMAL)
    assert (ticket.department_id, ticket.topic_slug, ticket.received_at) == (None, None, hotline.now())


def test_a_step_takes_nothing_but_what_it_needs(
    client: FlaskClient,
    staff: Staff,
    file: Callable[..., Filed],
    triage: Callable[[], None],
    bearer: Callable[[Account], dict[str, str]],
) -> None:
    """Check 19. Overpost a step of staff: expect 422 and the ticket as it was."""
    filed = file()
    triage()
    ticket = filed.ticket()
    for name, value in (OVERPOSTED | {"text": WORDS}).items():
        if name == "version":
            continue
        body = {"version": ticket.version, name: value}
        answer = client.post(f"/api/v1/tickets/{ticket.id}/accept", json=body, headers=bearer(staff.alice))
        assert answer.status_code == 422
        assert problems(answer) == [(name, "unknown_field")]
    assert (filed.ticket().version, filed.status()) == (ticket.version, Status.ROUTED)


def test_a_method_that_does_not_fit_is_named_as_such(app: Flask) -> None:
    """Check 19. GET what is to be POSTed, and every other method that an address does not take.

    Expect 405 with what is allowed, as a problem where programs ask. A catch-all route under /api makes it fail.
    """
    client = app.test_client()
    for address, allowed in addresses(app).items():
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - allowed:
            answer = client.open(address, method=method)
            assert answer.status_code == 405, (method, address)
            assert set(answer.headers["Allow"].split(", ")) == allowed
            if address.startswith("/api/") and method != "HEAD":
                assert answer.mimetype == "application/problem+json"


def test_an_address_that_is_not_there_answers_as_its_asker_reads(client: FlaskClient, hotline: Hotline) -> None:
    for method in ("GET", "POST", "PUT"):
        nowhere = client.open("/api/v1/khong-co", method=method)
        assert (nowhere.status_code, nowhere.mimetype) == (404, "application/problem+json")
        page = client.open("/khong-co", method=method)
        assert (page.status_code, page.mimetype) == (404, "text/html")


def test_no_body_of_a_citizen_breaks_the_server(client: FlaskClient, hotline: Hotline) -> None:
    @PATIENTLY
    @given(body=BODIES, path=st.sampled_from(TAKING_JSON))
    @example(body=b'{"\\ud800": 1}', path="/api/v1/reports")
    @example(body=b'{"text": "\\ud800", "latitude": "\\ud800", "consent": "\\ud800"}', path="/api/v1/reports")
    @example(body=b'{"code": "x", "rating": "\\ud800"}', path="/api/v1/track/rating")
    @example(body=b'{"code": "x", "rating": 1e999}', path="/api/v1/track/rating")
    def holds(body: bytes, path: str) -> None:
        before = tickets(hotline)
        answer = post_json(client, body, path)
        filed = int(answer.status_code == 201)
        assert filed or (400 <= answer.status_code < 500 and (problems(answer) or answer.status_code in {404, 413}))
        assert tickets(hotline) == before + filed

    holds()


def test_no_body_of_staff_breaks_the_server(
    client: FlaskClient,
    staff: Staff,
    file: Callable[..., Filed],
    triage: Callable[[], None],
    bearer: Callable[[Account], dict[str, str]],
) -> None:
    """Both databases are asked for what no key can be: PostgreSQL cannot be told a NUL, no driver takes a surrogate."""
    token = bearer(staff.coordinator)
    waiting: list[Filed] = []

    def ticket() -> Ticket:
        if not waiting or waiting[-1].status() is not Status.NEEDS_REVIEW:
            waiting.append(file("zzz qqq www không rõ chuyện gì hết"))
            triage()
        return waiting[-1].ticket()

    @settings(PATIENTLY, max_examples=60)
    @given(fields=OBJECTS, step=st.sampled_from(STEPS))
    @example(fields={**ROUTE, "topic_slug": "\0", "department_id": "\ud800", "ward_code": "\0"}, step="route")
    @example(fields={**ROUTE, "reason": "\0"}, step="route")
    @example(fields={"version": 10**30}, step="accept")
    def holds(fields: dict[str, Any], step: str) -> None:
        body = json.dumps({"version": ticket().version, **fields})
        path = f"/api/v1/tickets/{ticket().id}/{step}"
        answer = client.post(path, data=body, content_type=JSON, headers=token)
        assert answer.status_code == 200 or (400 <= answer.status_code < 500 and answer.is_json)

    holds()
    assert waiting[0].kinds()[:2] == ["received", "triaged"]
