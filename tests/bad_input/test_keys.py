"""Idempotency keys: what they protect, and what they do not give away."""

import base64
import json
import unicodedata
import uuid
from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.hotline import Hotline
from models.account import Account
from tests.bad_input.conftest import BOUNDARY, WORDS, Wire, multipart, problems, tickets
from tests.installation import Clock, Staff
from tests.pages import hidden

Bearer = Callable[[Account], dict[str, str]]
KEY = "0c5a2f0e-8d1b-4c6e-9d6e-2f9f6a1b7c3d"


def test_a_key_that_could_be_guessed_or_read_wrongly_is_refused(client: FlaskClient, hotline: Hotline) -> None:
    """Check 10. Send keys of 0, 1, 15 and 256 characters, with letters beyond ASCII and with control characters.

    Expect 400 naming the header. Removing any part of `check_key`, or the look at headers in `app.sanity`, makes it
    fail.
    """
    beyond_ascii = ("é" * 20).encode().decode("latin-1")
    for key in ("", "a", "a" * 15, "a" * 256, beyond_ascii, "a" * 20 + "\x7f", "a" * 20 + "\x07"):
        answer = _file(client, key)
        assert answer.status_code == 400
        ((field, _code),) = problems(answer)
        assert field == "Idempotency-Key"
    assert tickets(hotline) == 0


def test_control_characters_in_a_key_are_refused_on_the_wire(wire: Wire) -> None:
    body = json.dumps({"text": WORDS}).encode()
    before = wire.tickets
    for character in ("\0", "\x07", "\x7f", "\x85", "\xff"):
        head = (
            f"POST /api/v1/reports HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: {len(body)}\n"
            f"Idempotency-Key: {KEY}{character}\n\n"
        )
        assert wire.status(head, body) == 400
    assert wire.tickets == before


def test_a_key_is_needed(client: FlaskClient, hotline: Hotline) -> None:
    """Check 10. Leave the key away: expect 400 that says so, together with everything else that is wrong."""
    answer = _file(client, None)
    assert answer.status_code == 400
    assert problems(answer) == [("Idempotency-Key", "key_required")]
    answer = _file(client, None, text="ngắn")
    assert problems(answer) == [("Idempotency-Key", "key_required"), ("text", "too_short")]
    assert tickets(hotline) == 0


def test_a_key_of_any_printable_ascii_is_taken(client: FlaskClient, hotline: Hotline) -> None:
    for number, key in enumerate(("k" * 16, "k" * 255, "~ !\"#$%&'()*+,-./:;<=>?@[]"), 1):
        assert _file(client, key).status_code == 201
        assert _file(client, key).headers["Idempotent-Replayed"] == "true"
        assert tickets(hotline) == number


def test_a_key_is_for_one_request(client: FlaskClient, hotline: Hotline) -> None:
    """Check 10. Repeat a key with other words, another place, another position.

    Expect 422 naming the key and nothing of the first answer; the very same request still gets it. Comparing no
    fingerprint makes it fail.
    """
    first = _file(client, KEY)
    code = json.loads(first.text)["code"]
    for other in ({"text": WORDS + "!"}, {"place_text": "phường Hòa Hưng"}, {"latitude": 10.0, "longitude": 106.0}):
        answer = _file(client, KEY, **other)
        assert answer.status_code == 422
        assert problems(answer) == [("Idempotency-Key", "key_reused")]
        assert code not in answer.text
    again = _file(client, KEY)
    assert (again.status_code, again.data) == (201, first.data)
    assert tickets(hotline) == 1


def test_a_request_is_the_same_however_it_was_encoded_or_typed(client: FlaskClient, hotline: Hotline) -> None:
    first = _file(client, KEY)
    decomposed = _file(client, KEY, text=unicodedata.normalize("NFD", f"  {WORDS}\r\n"))
    as_form = client.post(
        "/api/v1/reports",
        data=multipart({"text": WORDS, "latitude": "", "consent": ""}),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        headers={"Idempotency-Key": KEY},
    )
    assert first.data == decomposed.data == as_form.data
    assert tickets(hotline) == 1


def test_nobody_sees_the_answer_to_another_callers_key(
    client: FlaskClient, hotline: Hotline, staff: Staff, bearer: Bearer
) -> None:
    """Check 10. Send one key and one body as nobody, as alice and as bob.

    Expect a ticket and a code for each. Leaving the account out of the scope makes it fail.
    """
    callers = [{}, bearer(staff.alice), bearer(staff.bob)]
    answers = [_file(client, KEY, headers) for headers in callers]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert not any("Idempotent-Replayed" in answer.headers for answer in answers)
    assert len({json.loads(answer.text)["code"] for answer in answers}) == tickets(hotline) == 3
    repeated = [_file(client, KEY, headers) for headers in callers]
    assert [answer.data for answer in repeated] == [answer.data for answer in answers]


def test_a_form_and_the_api_do_not_share_keys(client: FlaskClient, hotline: Hotline) -> None:
    """The token of a form is signed, but can be read: its inside, sent as a key, must not show the form's answer."""
    token = hidden(client.get("/").text, "form_token")
    filed = client.post("/", data={"form_token": token, "text": WORDS})
    assert filed.status_code == 201
    inside = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    assert _file(client, inside).headers.get("Idempotent-Replayed") is None
    assert tickets(hotline) == 2


def test_a_token_nobody_signed_files_nothing(client: FlaskClient, hotline: Hotline) -> None:
    token = hidden(client.get("/").text, "form_token")
    for forged in ("", "x", KEY, token[:-1], token + "x", token.upper()):
        answer = client.post("/", data={"form_token": forged, "text": WORDS})
        assert answer.status_code == 422
        assert WORDS in answer.text
    assert tickets(hotline) == 0


def test_a_key_past_its_life_is_new(client: FlaskClient, hotline: Hotline, clock: Clock) -> None:
    """Check 10. Repeat a request just before and just after the published life of its key.

    Expect the answer again, then a new ticket. Taking no notice of `created_at` makes it fail.
    """
    first = _file(client, KEY)
    clock.forward(seconds=hotline.settings.idempotency_life)
    assert _file(client, KEY).data == first.data
    clock.forward(seconds=1)
    later = _file(client, KEY, text=WORDS + " Nay lại ngập.")
    assert later.status_code == 201
    assert later.data != first.data
    assert tickets(hotline) == 2


def test_a_refused_request_leaves_its_key_free(client: FlaskClient, hotline: Hotline) -> None:
    key = uuid.uuid4().hex
    assert _file(client, key, text="ngắn").status_code == 422
    assert _file(client, key).status_code == 201
    assert tickets(hotline) == 1


def _file(
    client: FlaskClient, key: str | None, headers: dict[str, str] | None = None, **fields: object
) -> TestResponse:
    sent = {} if key is None else {"Idempotency-Key": key}
    return client.post("/api/v1/reports", json={"text": WORDS, **fields}, headers={**sent, **(headers or {})})
