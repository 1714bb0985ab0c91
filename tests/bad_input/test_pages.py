"""What people type is text on every page, and no page lets a script in should one of them fail to be."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.hotline import Hotline
from app.sanity import BODY_MAX
from models.account import Account
from models.vocabulary import Status
from tests.app.conftest import Road
from tests.bad_input.conftest import FORM, JSON, Page, addresses, fresh_key
from tests.installation import LIGHTS, LIGHTS_OUT, Filed, Staff
from tests.pages import code_shown, hidden, post_form

Browser = Callable[[Account], FlaskClient]

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</textarea></bdi></p><svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>ở đây</a> javascript:alert(1)",
    "<!-- <base href=//x> ]]>",
    "{{7*7}} {% raw %} ${7*7} #{7*7}",
    "{0.__class__} {name} {}",
    "%s %(a)s %n 100% _",
    "'; DROP TABLE ticket; --",
    "&lt;b&gt; &amp; &#60;",
    "\\u003cscript\\u003e",
    "=HYPERLINK(1)",
)
#: All of it in one breath, of a report that the lights' unit gets.
WORDS = f"{LIGHTS_OUT}\n" + "\n".join(HOSTILE)
LINE = " ".join(HOSTILE)
WEB_SCHEMES = ("/", "#", "tel:")


def test_text_is_only_ever_text(client: FlaskClient, road: Road, staff: Staff, log_in: Browser) -> None:
    """Check 20. Type markup, templates, format strings, SQL and links into every field, as citizen and as staff.

    Expect each stored verbatim and shown as text, isolated from the words around it, on every page that shows it. A
    `|safe` in any template, or `.format` on what was typed, makes it fail.
    """
    fields = {"text": WORDS, "place_text": LINE[:500], "contact_name": LINE[:200], "consent": "true"}
    filed = Filed(_code_shown(post_form(client, "/", "/", submission_type="khieu-nai", **fields)), road.hotline)
    road.triage()
    ticket, contact = filed.ticket(), filed.contact()
    assert contact is not None
    assert (ticket.text, ticket.place_text, contact.name) == (WORDS, LINE[:500], LINE[:200])
    work, decide = f"/work/{ticket.id}", f"/review/{ticket.id}"
    alice, coordinator = log_in(staff.alice), log_in(staff.coordinator)
    theirs = {WORDS, LINE[:500]}
    in_queue = {" ".join(WORDS.split())[:160]}

    _shows(coordinator.get("/review"), in_queue | {LINE[:500]})
    _shows(coordinator.get(decide), theirs)
    reached = post_form(coordinator, work, f"{work}/contact", reason=f"Gọi: {LINE[:200]}")
    _shows(reached, theirs | {LINE[:200], f"Gọi: {LINE[:200]}"})
    choice = {"topic_slug": "street-lighting", "department_id": LIGHTS, "reason": f"Nội bộ: {WORDS}"}
    assert post_form(coordinator, decide, f"{decide}/route", **choice).status_code == 303
    _shows(alice.get("/work"), in_queue | {LINE[:500]})
    _shows(alice.get(work), theirs | {f"Nội bộ: {WORDS}"})
    assert post_form(alice, work, f"{work}/accept").status_code == 303
    assert post_form(alice, work, f"{work}/ask", public_text=f"Hỏi: {WORDS}").status_code == 303
    tracked = client.post("/t", data={"code": filed.code})
    _shows(tracked, {WORDS, LINE[:500], f"Hỏi: {WORDS}"})
    assert "Nội bộ" not in tracked.text
    added = client.post("/t/bo-sung", data={"code": filed.code, "message": f"Thêm: {WORDS}"})
    _shows(added, {f"Thêm: {WORDS}"})
    assert post_form(alice, work, f"{work}/answer", public_text=f"Xong: {WORDS}").status_code == 303
    _shows(client.post("/t", data={"code": filed.code}), {f"Xong: {WORDS}", f"Thêm: {WORDS}"})
    _shows(alice.get(work), theirs | {f"{head}: {WORDS}" for head in ("Nội bộ", "Hỏi", "Thêm", "Xong")})
    assert filed.status() is Status.ANSWERED


def test_what_is_given_back_to_be_mended_is_only_text(
    client: FlaskClient, road: Road, staff: Staff, log_in: Browser
) -> None:
    """Check 20. The same where a form comes back with what was typed: the citizen's, the call-taker's, the
    tracking pages, a department's, a coordinator's, an administrator's, and the login.
    """
    typed = {name: f"{name}: {LINE}" for name in ("text", "place_text", "contact_name", "contact_phone")}
    _gives_back(post_form(client, "/", "/", latitude='"><script>', form_token='"><script>', **typed), *typed.values())
    _gives_back(post_form(log_in(staff.call_taker), "/desk", "/desk", consent="true", **typed), *typed.values())
    _gives_back(client.post("/t", data={"code": LINE[:100]}), LINE[:100])

    asked, answered = road.asked(), road.answered()
    too_long = f"{LINE}\n" * 40
    for action, filed, field in (("bo-sung", asked, "message"), ("mo-lai", answered, "message")):
        _gives_back(client.post(f"/t/{action}", data={"code": filed.code, field: too_long}), too_long)
    rated = {"code": answered.code, "rating": '"><script>', "comment": too_long}
    _gives_back(client.post("/t/danh-gia", data=rated), too_long)

    alice, coordinator, admin = (log_in(who) for who in (staff.alice, staff.coordinator, staff.admin))
    work, decide = f"/work/{road.accepted().ticket().id}", f"/review/{road.in_review().ticket().id}"
    for action in ("answer", "ask"):
        _gives_back(post_form(alice, work, f"{work}/{action}", public_text=too_long), too_long)
    _gives_back(post_form(alice, work, f"{work}/answer", version="0", public_text=LINE), LINE)
    _gives_back(post_form(coordinator, decide, f"{decide}/reject", public_text=too_long), too_long)
    _gives_back(post_form(coordinator, decide, f"{decide}/route", topic_slug=LINE, reason=LINE), LINE)
    new = {"username": LINE, "display_name": f"tên: {LINE}", "role": LINE}
    _gives_back(post_form(admin, "/admin/accounts", "/admin/accounts", **new), LINE, f"tên: {LINE}")
    _gives_back(post_form(admin, "/admin/persons", "/admin/persons", phone=LINE), LINE)
    road.routed(contact_phone="0901234567", consent=True)
    _gives_back(post_form(admin, "/admin/persons", "/admin/persons/erase", phone="0901234567", reason=LINE), LINE)
    _gives_back(post_form(admin, "/admin/exchanges", "/admin/exchanges", name=too_long), too_long)


def test_a_name_of_staff_is_only_text(client: FlaskClient, staff: Staff, log_in: Browser) -> None:
    admin, page = log_in(staff.admin), "/admin/accounts"
    for number, name in enumerate(LINE[at : at + 120].strip() for at in range(0, len(LINE), 120)):
        fields = {"username": f"person{number}", "display_name": name, "role": "auditor"}
        made = post_form(admin, page, page, **fields)
        assert made.status_code == 201
        labels = [attributes.get("aria-label", "") for _, attributes in _harmless(made).elements]
        assert f"Khóa tài khoản {name}" in labels
        assert f"<b>{_escaped(name)}</b>" in made.text


def test_addresses_are_only_text(client: FlaskClient, staff: Staff, log_in: Browser) -> None:
    """Check 20. Put markup and links into paths and queries that pages repeat."""
    for hostile in (*HOSTILE, "//evil.example", "/\\evil.example", "https://evil.example"):
        there = quote(hostile, safe="")
        _harmless(client.get(f"/khong-co/{there}", follow_redirects=True))
        _harmless(client.get(f"/accounts/login?next={there}"))
        _harmless(client.get(f"/work?after={there}"))
        _harmless(log_in(staff.alice).get(f"/work?after={there}"))
        back = client.get(f"/ngon-ngu/vi?back={there}")
        assert back.headers["Location"] == "/"


def test_a_name_brings_no_header_along(client: FlaskClient, hotline: Hotline) -> None:
    """Check 20. A name with CRLF and `Bcc:` is one line. Taking `_one_line` off the field makes it fail."""
    name = "Lan\r\nBcc: moi-nguoi@vidu.vn\r\n\r\nThư giả"
    answer = post_form(client, "/", "/", text=LIGHTS_OUT, contact_name=name, place_text=name, consent="true")
    filed = Filed(_code_shown(answer), hotline)
    ticket, contact = filed.ticket(), filed.contact()
    assert contact is not None
    assert contact.name == ticket.place_text == "Lan Bcc: moi-nguoi@vidu.vn Thư giả"


def test_no_route_lets_an_inline_script_run(app: Flask, staff: Staff, log_in: Browser) -> None:
    """Check 20. Ask every address of the application, by every method that it takes, as nobody and as each role.

    Expect one policy: scripts and styles from here only, nothing inline, nothing evaluated, no frame, no base. Setting
    it in views rather than in `after_request` makes it fail.
    """
    browsers = [app.test_client(), *(log_in(account) for account in staff.accounts.values())]
    for address, methods in addresses(app).items():
        for method in methods:
            for browser in browsers if method == "GET" else browsers[:1]:
                answer = browser.open(address, method=method)
                _keeps_scripts_out(answer)
                answer.close()


def test_no_error_lets_an_inline_script_run(app: Flask, client: FlaskClient, hotline: Hotline) -> None:
    """Check 20. The same for every way in which a request can fail, 500 among them."""

    def trouble() -> str:
        raise ZeroDivisionError(LINE)

    app.add_url_rule("/trouble", view_func=trouble)
    token = hidden(client.get("/").text, "form_token")
    failed = {
        308: client.get("/api/v1"),
        400: client.get("/?%ff"),
        401: client.get("/api/v1/tickets"),
        403: client.post("/accounts/login", data={"username": LINE}),
        404: client.get("/khong-co"),
        405: client.get("/t/mo-lai"),
        413: client.post("/", data={"text": "a" * BODY_MAX}, content_type=FORM),
        415: client.post("/api/v1/reports", data=LINE, content_type="text/html"),
        422: client.post("/", data={"form_token": token, "text": LINE, LINE: LINE}),
        500: client.get("/trouble"),
        503: post_form(client, "/accounts/login", "/accounts/login", username=LINE, password=LINE),  # without Redis
    }
    for status, answer in failed.items():
        assert answer.status_code == status
        _keeps_scripts_out(answer)
        assert status == 422 or "alert(1)" not in answer.text
    reported = client.post("/api/v1/reports", json={"text": WORDS, LINE: LINE}, headers=fresh_key())
    assert reported.mimetype == "application/problem+json"
    _keeps_scripts_out(reported)
    assert json.loads(reported.text)["errors"][0]["field"] == LINE[:100]
    assert JSON in client.get("/api/v1/openapi.json").headers["Content-Type"]


def _shows(answer: TestResponse, words: set[str]) -> None:
    """Fail unless a page shows all these words isolated from its own, letter for letter."""
    assert answer.status_code == 200
    missing = words - set(_harmless(answer).isolated)
    assert not missing, f"not shown as typed: {missing}"


def _gives_back(answer: TestResponse, *words: str) -> None:
    """Fail unless a page gives back all that was typed, letter for letter, and says that it was refused."""
    assert answer.status_code in {409, 422}
    _harmless(answer)
    for typed in words:
        there = _escaped(typed)
        assert f">{there}</textarea>" in answer.text or f'value="{there}"' in answer.text, f"lost: {typed[:60]}"


def _escaped(text: str) -> str:
    for character, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&#34;"), ("'", "&#39;")):
        text = text.replace(character, reference)
    return text


def _harmless(answer: TestResponse) -> Page:
    """Fail unless a page has no element, attribute or address but those of our templates."""
    _keeps_scripts_out(answer)
    page = Page(answer.text)
    for tag, attributes in page.elements:
        assert tag not in {"style", "iframe", "object", "embed", "base"}, tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"], attributes
        for name in ("href", "src", "action", "formaction"):
            assert attributes.get(name, "/").startswith(WEB_SCHEMES), attributes
            assert not attributes.get(name, "/").startswith("//"), attributes
        if tag == "script":
            assert attributes["src"].startswith("/static/")
        if tag == "img":
            assert attributes["src"].startswith("/work/")
    scripts = [attributes.get("src") or "" for tag, attributes in page.elements if tag == "script"]
    assert all(source.startswith("/static/") for source in scripts), scripts
    return page


def _keeps_scripts_out(answer: TestResponse) -> None:
    policy = dict(_directives(answer.headers["Content-Security-Policy"]))
    where = answer.request.path
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"], where
    for kind in ("script-src", "style-src", "form-action", "connect-src", "font-src"):
        assert policy[kind] == ["'self'"], where
    assert set(policy["img-src"]) == {"'self'", "data:", "blob:"}, where
    assert answer.headers["X-Content-Type-Options"] == "nosniff", where
    assert answer.headers["Referrer-Policy"] == "no-referrer", where


def _directives(policy: str) -> Iterator[tuple[str, list[str]]]:
    for directive in policy.split(";"):
        name, *values = directive.split()
        yield name, values


def _code_shown(answer: TestResponse) -> str:
    assert answer.status_code == 201
    return code_shown(answer.text)
