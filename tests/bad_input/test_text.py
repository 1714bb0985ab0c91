"""Text: what cannot be kept is refused where it stands; what is kept has one form, on every page."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote_plus

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.bench.scratch import RedisServer
from app.hotline import Hotline
from classifier.predict import Classifier
from classifier.text import MAX_MARKS, fold, received
from models.account import Account, ApiToken
from models.ticket import Feedback
from tests.app.conftest import Road
from tests.bad_input.conftest import (
    MULTIPART,
    WORDS,
    Page,
    Wire,
    fresh_key,
    multipart,
    post_json,
    post_raw,
    problems,
    refused_fields,
    tickets,
)
from tests.installation import LIGHTS, LIGHTS_OUT, Filed, Staff
from tests.pages import code_shown, post_form

Browser = Callable[[Account], FlaskClient]

#: Characters that are refused, and how that is called.
UNACCEPTABLE = {
    "\0": "nul",
    "\x01": "control",
    "\x0b": "control",
    "\x1b": "control",
    "\x7f": "control",
    "\x85": "control",
    "\x9f": "control",
    "\ufffd": "undecodable",
}
#: Bytes in a form that are no text: a NUL, a C1 control, what is not UTF-8, half a letter, half a surrogate pair.
NO_TEXT = (b"%00", b"%C2%85", b"%FF", b"%E1%BB", b"%ED%A0%80")
TYPED = {"text": WORDS, "place_text": "phường Hòa Hưng", "contact_name": "Lan"}
EVERYTHING = st.text(st.characters(exclude_categories=()), max_size=60)


def test_undecodable_and_control_characters(client: FlaskClient, hotline: Hotline) -> None:
    """Check 17. Put NUL, C0 and C1 controls, lone surrogates and what is left of broken bytes into every field.

    Expect 422 naming the field over the API, by JSON and in parts, and in the form; nothing stored. Taking `_clean` off
    any field of `Report`, or any range from `_REFUSED`, makes it fail.
    """
    for field, typed in TYPED.items():
        for character, code in UNACCEPTABLE.items():
            report = {**TYPED, "consent": "true", field: f"{typed[:3]}{character}{typed[3:]}"}
            by_json = post_json(client, report)
            in_parts = client.post(
                "/api/v1/reports", data=multipart({**report}), content_type=MULTIPART, headers=fresh_key()
            )
            for answer in (by_json, in_parts):
                assert answer.status_code == 422
                assert problems(answer) == [(field, code)]
            form = post_raw(client, "/", "/", {name: quote_plus(value).encode() for name, value in report.items()})
            assert form.status_code == 422
            assert refused_fields(form.text) == {field}
        assert problems(post_json(client, {**TYPED, "consent": True, field: "lẻ \ud800 loi"})) == [(field, "surrogate")]
    assert tickets(hotline) == 0


def test_bytes_that_are_not_utf_8_are_refused_in_every_encoding(client: FlaskClient, hotline: Hotline) -> None:
    """Check 17. Send invalid UTF-8 as a form, in parts, as JSON: expect the field named, and no U+FFFD kept."""
    for field, typed in TYPED.items():
        for broken in (b"\xff", b"\xe1\xbb", b"\xc0\xaf", b"\xed\xa0\x80"):
            value = typed.encode() + broken + b" xong"
            fields = {name: other.encode() for name, other in TYPED.items()} | {"consent": b"true", field: value}
            in_parts = client.post(
                "/api/v1/reports", data=multipart({**fields}), content_type=MULTIPART, headers=fresh_key()
            )
            assert problems(in_parts) == [(field, "undecodable")]
            by_json = post_json(client, b'{"text": "' + value + b'"}')
            assert (by_json.status_code, problems(by_json)) == (400, [("", "undecodable")])
            form = post_raw(client, "/", "/", {name: quote_plus(other).encode() for name, other in fields.items()})
            assert (form.status_code, refused_fields(form.text)) == (422, {field})
    assert tickets(hotline) == 0


@pytest.mark.parametrize("bad", ["%ff", "%c0%af", "%ed%a0%80", "%00", "%0d%0aSet-Cookie:a=b", "%1b", "%c2%85", "%7f"])
def test_paths_queries_and_headers_are_text(wire: Wire, bad: str) -> None:
    """Check 17. Put invalid UTF-8 and controls into path, query and headers.

    Expect 400 that names the part, over the API and on a page, and not a word of it in the log. Removing `_readable`
    makes it fail.
    """
    for base in ("/api/v1/tickets", "/work"):
        for name, address in (("path", f"{base}/{bad}"), ("query", f"{base}?after={bad}"), ("query", f"{base}?{bad}")):
            answer = wire.client.get(address)
            assert answer.status_code == 400
            if base.startswith("/api"):
                assert problems(answer) in ([(name, "undecodable")], [(name, "control")])
            else:
                assert f"<p>{name}: " in answer.text
    assert "unexpected" not in wire.log.read_text(errors="replace")


def test_bytes_that_no_client_sends_are_a_bad_request(wire: Wire) -> None:
    for line in ("GET /\xff HTTP/1.1", "GET /?\xc3( HTTP/1.1", "GET /t\x01 HTTP/1.1", "GET /\0 HTTP/1.1"):
        assert wire.status(f"{line}\nHost: x\n\n") == 400
    for header in ("X-Name: \xff", "Cookie: lang=\xe1\xbb", "User-Agent: a\0b", "Accept-Language: \x1b[31m", "X: \x85"):
        assert wire.status(f"GET / HTTP/1.1\nHost: x\n{header}\n\n") == 400
    assert wire.status("GET / HTTP/1.1\nHost: x\nUser-Agent: Tiếng Việt\n\n".encode().decode("latin-1")) == 200
    assert "unexpected" not in wire.log.read_text(errors="replace")


def test_a_page_key_that_we_never_gave_leads_nowhere(
    client: FlaskClient, staff: Staff, log_in: Browser, bearer: Callable[[Account], dict[str, str]]
) -> None:
    """Check 17. Ask for a queue from a made-up place on: expect 404, whatever a database makes of it."""
    nil, now = "0" * 32, "2026-03-03T02:00:00%2B00:00"
    naive, before_time = "2026-03-03T02:00:00", "0001-01-01T00:00:00%2B14:00"
    made_up = ["x", "_", "__", "%F0%9F%98%80", "'--", f"1_{now}_x", f"1_x_{nil}", f"1_{naive}_{nil}"]
    made_up += [f"{rank}_{now}_{nil}" for rank in ("2", "-1", "9" * 40, "one")] + [f"1_{before_time}_{nil}"]
    alice, coordinator = log_in(staff.alice), log_in(staff.coordinator)
    for key in made_up:
        assert client.get(f"/api/v1/tickets?after={key}", headers=bearer(staff.alice)).status_code == 404, key
        assert client.get(f"/api/v1/review?after={key}", headers=bearer(staff.coordinator)).status_code == 404, key
        assert alice.get(f"/work?after={key}").status_code == 404, key
        assert coordinator.get(f"/review?after={key}").status_code == 404, key


def test_what_a_citizen_adds_later_is_text_or_refused(client: FlaskClient, hotline: Hotline, road: Road) -> None:
    """Check 17. Put what is no text into every later word of a citizen: expect 422 beside the field, nothing kept."""
    asked, answered = road.asked(), road.answered()
    before = asked.kinds(), answered.kinds()
    for broken in NO_TEXT:
        for action, filed, field in (
            ("bo-sung", asked, "message"),
            ("mo-lai", answered, "message"),
            ("danh-gia", answered, "comment"),
        ):
            fields = {"code": filed.code.encode(), "rating": b"5", field: b"ch%C6%B0a" + broken + b"+xong"}
            form = post_raw(client, "/t", f"/t/{action}", fields)
            assert form.status_code == 422
            assert refused_fields(form.text) == {field}
        unreadable = post_raw(client, "/t", "/t", {"code": asked.code[:9].encode() + broken + asked.code[9:].encode()})
        assert unreadable.status_code == 422
        assert refused_fields(unreadable.text) == {"code"}
    later: dict[str, dict[str, object]] = {
        "information": {"message": "a\0b"},
        "reopen": {"message": "a\ud800b"},
        "rating": {"rating": 5, "comment": "a\ufffdb"},
    }
    for path, said in later.items():
        answer = post_json(client, {"code": answered.code, **said}, f"/api/v1/track/{path}")
        assert answer.status_code == 422
    assert (asked.kinds(), answered.kinds()) == before
    with hotline.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Feedback)) == 0


def test_what_staff_type_is_text_or_refused(road: Road, staff: Staff, log_in: Browser) -> None:
    """Check 17. Put what is no text into every word of staff: expect 422, their words back, and nothing kept."""
    routed, accepted, review = road.routed(), road.accepted(), road.in_review()
    alice, coordinator = log_in(staff.alice), log_in(staff.coordinator)
    work, answer = f"/work/{routed.ticket().id}", f"/work/{accepted.ticket().id}"
    decide = f"/review/{review.ticket().id}"
    route = {"topic_slug": b"street-lighting", "department_id": LIGHTS.encode(), "ward_code": b"", "reason": b""}
    before = [filed.kinds() for filed in (routed, accepted, review)]
    for broken in NO_TEXT[:3]:  # each page of a coordinator lists every ward
        words = b"%C4%90%C3%A3+xem" + broken + b"+xong"
        forms: list[tuple[FlaskClient, str, str, dict[str, bytes]]] = [
            (alice, work, "return", {"reason": words}),
            (alice, answer, "answer", {"public_text": words}),
            (alice, answer, "ask", {"public_text": words}),
            (coordinator, decide, "reject", {"public_text": words}),
            (coordinator, decide, "refer", {"public_text": words}),
            (coordinator, decide, "seal", {"reason": words}),
            *((coordinator, decide, "route", {**route, name: words}) for name in route),
        ]
        for browser, page, action, fields in forms:
            form = post_raw(browser, page, f"{page}/{action}", fields)
            assert form.status_code == 422, (action, fields)
            assert "Đã xem" in form.text or fields.get("reason") == b""
    assert [filed.kinds() for filed in (routed, accepted, review)] == before


def test_names_of_accounts_and_tokens_are_text_or_refused(hotline: Hotline, staff: Staff, log_in: Browser) -> None:
    """Check 17. The same for what administrators and people who log in type, known or not to the database."""
    admin, page = log_in(staff.admin), "/admin/accounts"
    person = {"username": b"eve", "display_name": b"Eve", "role": b"handler", "department_id": LIGHTS.encode()}
    before = _count(hotline, Account), _count(hotline, ApiToken)
    redis = RedisServer(hotline.settings.data)
    redis.start()  # nobody logs in without its throttle
    for broken in NO_TEXT:
        for field, value in person.items():
            fields = {**person, field: value[:2] + broken + value[2:]}
            assert post_raw(admin, page, page, fields).status_code == 422
        token = {"scopes": b"read", "days": b"30", "name": b"x" + broken + b"x"}
        assert post_raw(admin, "/accounts/me", "/accounts/me/tokens", token).status_code == 422
        nobody = admin.application.test_client()
        login = post_raw(
            nobody, "/accounts/login", "/accounts/login", {"username": b"ali" + broken + b"ce", "password": b"x"}
        )
        assert login.status_code == 403
        invited = post_raw(
            nobody, "/accounts/invitation", "/accounts/invitation", {"token": broken, "password": broken}
        )
        assert invited.status_code == 422
    redis.stop()
    assert (_count(hotline, Account), _count(hotline, ApiToken)) == before


def test_lines_and_tabs_are_kept(client: FlaskClient, hotline: Hotline) -> None:
    """Check 17. CRLF and CR become LF, newline and tab stay, a BOM goes, in a form as over the API."""
    typed = "\ufeffDòng một\r\ndòng hai\rdòng ba\n\n\tthụt vào\u2028dòng cuối  \r\n"
    kept = "Dòng một\ndòng hai\ndòng ba\n\n\tthụt vào\ndòng cuối"
    by_json = post_json(client, b"\xef\xbb\xbf" + json.dumps({"text": typed}).encode())
    by_form = post_raw(client, "/", "/", {"text": quote_plus(typed).encode()})
    for code in (json.loads(by_json.text)["code"], code_shown(by_form.text)):
        assert Filed(code, hotline).ticket().text == kept
        assert Page(client.post("/t", data={"code": code}).text).isolated == [kept]


def test_every_text_is_refused_or_comes_back_in_its_one_form(client: FlaskClient, hotline: Hotline) -> None:
    """Check 18, and 17 and 20 beside it: whatever Unicode is typed, by form or over the API, is refused naming the
    field, or comes back in its canonical form over the API and on the tracking page, letter for letter.

    Storing anything but `received`, or a template that marks the text as safe, makes it fail.
    """

    @settings(max_examples=120, deadline=None)
    @given(text=EVERYTHING | EVERYTHING.map(lambda text: f"{WORDS} {text}"), by_form=st.booleans())
    @example(text=f"{WORDS} &amp; &lt;b&gt; &#0; </bdi><script>", by_form=False)
    @example(text=f"{WORDS} \u202egnôhk\u202c 👩\u200d👩\u200d👧 e\u0302\u0323", by_form=True)
    @example(text=f"\ud800{WORDS}", by_form=True)
    def holds(text: str, *, by_form: bool) -> None:
        before = tickets(hotline)
        if by_form:
            answer = post_raw(client, "/", "/", {"text": quote_plus(text, errors="surrogatepass").encode()})
            found = refused_fields(answer.text)
        else:
            answer = post_json(client, {"text": text})
            found = {field for field, _ in problems(answer)} if answer.status_code != 201 else set()
        if answer.status_code == 422:
            assert found == {"text"}
            assert tickets(hotline) == before
            return
        assert answer.status_code == 201
        code = code_shown(answer.text) if by_form else json.loads(answer.text)["code"]
        one_form = received(text)
        assert unicodedata.is_normalized("NFC", one_form)
        assert json.loads(client.post("/api/v1/track", json={"code": code}).text)["text"] == one_form
        assert Page(client.post("/t", data={"code": code}).text).isolated == [one_form]

    holds()


@pytest.mark.parametrize(
    "other",
    [
        unicodedata.normalize("NFD", LIGHTS_OUT),
        LIGHTS_OUT.replace("đường", "đ\u200bườ\u2060ng").replace("Đèn", "\ufeffĐèn"),
        LIGHTS_OUT.replace("tắt", "t\u200dắ\u200dt"),
        f" \r\n{LIGHTS_OUT}\t\r\n",
    ],
    ids=["decomposed", "zero width", "joiners between letters", "surrounded by space"],
)
def test_one_text_has_one_form(road: Road, small_classifier: Classifier, other: str) -> None:
    """Check 18. File one complaint composed, decomposed, and with what cannot be seen in it.

    Expect one stored form, one form for search, and one decision: topic, confidence, reasons, department. Leaving
    NFC out of `received` makes it fail.
    """
    plain, typed = road.file(LIGHTS_OUT), road.file(other)
    road.triage()
    one, two = plain.ticket(), typed.ticket()
    assert one.text == two.text == LIGHTS_OUT
    assert one.search_text == two.search_text == fold(other)
    assert one.department_id == two.department_id == LIGHTS
    assert one.events[1].data == two.events[1].data
    _agree(small_classifier, LIGHTS_OUT, other)


def test_what_looks_alike_is_one_for_search_and_model(road: Road, small_classifier: Classifier) -> None:
    """Check 18. Full width, styled letters and old tone marks are kept as typed, but found as one."""
    plain, styled = "Đường Hòa Bình ngập 30cm", "Đường Hoà Bình ｎｇậｐ 𝟑𝟎𝐜𝐦"
    one, two = road.file(plain).ticket(), road.file(styled).ticket()
    assert (one.text, two.text) == (plain, styled)
    assert one.search_text == two.search_text == "duong hoa binh ngap 30cm"
    _agree(small_classifier, plain, styled)


def test_strange_text_is_shown_inert_to_everybody(
    client: FlaskClient, road: Road, staff: Staff, log_in: Browser
) -> None:
    """Check 18. Bidi overrides, right-to-left words, joined emoji, 200 marks on one letter.

    Expect joiners kept, marks bounded, and the rest where its direction cannot spill over, on every page that shows it.
    A page that leaves `<bdi>` away makes it fail.
    """
    family, spoof, arabic = "👩\u200d👩\u200d👧", "\u202emoc.na-gnôc\u202c", "\u2067الشارع مظلم\u2069"
    strange = f"{LIGHTS_OUT} {family} {spoof} {arabic} z" + "\u0336" * 200
    kept = f"{LIGHTS_OUT} {family} {spoof} {arabic} z" + "\u0336" * MAX_MARKS
    place = f"hẻm {spoof}"
    filed = road.routed(strange, place_text=place, submission_type="khieu-nai")
    ticket = filed.ticket()
    assert ticket.text == kept
    alice, coordinator = log_in(staff.alice), log_in(staff.coordinator)
    decide = f"/review/{ticket.id}"
    pages = {"review": coordinator.get(decide).text, "review queue": coordinator.get("/review").text}
    choice = {"topic_slug": "street-lighting", "department_id": LIGHTS}
    assert post_form(coordinator, decide, f"{decide}/route", **choice).status_code == 303
    pages["ticket"] = alice.get(f"/work/{ticket.id}").text
    pages["queue"] = alice.get("/work").text
    pages["tracking"] = client.post("/t", data={"code": filed.code}).text
    for name, page in pages.items():
        shown = (kept[:160], place) if "queue" in name else (kept, place)
        assert set(shown) <= set(Page(page).isolated), name
        assert page.count("\u202e") == "".join(Page(page).isolated).count("\u202e"), name


def _agree(classifier: Classifier, *texts: str) -> None:
    """Fail if the model makes a difference between texts, but for quoting each as it is written."""
    first, *others = (replace(found, because=()) for found in classifier.predict(texts))
    assert all(other == first for other in others)


def _count(hotline: Hotline, kind: type[Account | ApiToken]) -> int:
    with hotline.database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0
