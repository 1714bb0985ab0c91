"""Posts that a person did not mean to send: without a token, with a stranger's, from another site."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule

from app.admin.service import disable_account
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from models.account import Account
from models.ticket import Ticket, TicketEvent
from tests.app.conftest import PASSWORD, Road, Staff
from tests.pages import hidden, post_form, words

Log = Callable[..., FlaskClient]
#: No cookie gives a citizen or a program any power there: the form token, the code or the bearer token does, and a
#: suggestion changes nothing.
WITHOUT_COOKIE = {"intake", "tracking", "suggest", "api"}


def test_nothing_is_done_for_a_form_without_a_token_or_with_that_of_another_session(
    hotline: Hotline, app: Flask, road: Road, staff: Staff, log_in: Log
) -> None:
    """Check 27, posts. Injected: every post of every staff page without a token, and with that of another session.

    Expected: 403 and nothing changed.

    Without `CSRFProtect` in `app.web` the posts go through.
    """
    filed = road.routed()
    stranger = hidden(log_in(staff.bob).get("/work").get_data(as_text=True), "csrf_token")
    before = world(hotline)
    paths = list(posts(app, str(filed.ticket().id)))
    assert len(paths) > 10
    for name in ("alice", "cleared", "admin", "call_taker"):
        browser = log_in(staff.accounts[name])
        for path in paths:
            fields = {
                "version": str(filed.ticket().version),
                "public_text": "Xong",
                "reason": "Xong",
                "text": "Xong rồi nha",
            }
            for token in ({}, {"csrf_token": stranger}):
                assert browser.post(path, data=fields | token).status_code == 403, (name, path, token)
    assert world(hotline) == before


def test_a_token_is_worth_nothing_after_twelve_hours(app: Flask, road: Road, staff: Staff, log_in: Log) -> None:
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    alice = log_in(staff.alice)
    shown = alice.get(page).get_data(as_text=True)
    fields = {name: hidden(shown, name) for name in ("csrf_token", "version")}
    app.config["WTF_CSRF_TIME_LIMIT"] = -1
    refused = alice.post(f"{page}/accept", data=fields)
    assert refused.status_code == 403
    assert "Bạn mở lại trang và thử lần nữa." in words(refused.get_data(as_text=True))
    app.config["WTF_CSRF_TIME_LIMIT"] = 12 * 3600
    assert alice.post(f"{page}/accept", data=fields).status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_post_from_another_site_is_taken_not_even_a_citizens(
    hotline: Hotline, app: Flask, road: Road, staff: Staff, log_in: Log, site: str
) -> None:
    filed = road.answered()
    before = world(hotline)
    form = hidden(app.test_client().get("/").get_data(as_text=True), "form_token")
    fields = {"text": "Đèn đường tắt cả tuần nay", "form_token": form, "code": filed.code, "rating": "1"}
    for path in ("/", "/t/danh-gia", "/accounts/login", "/api/v1/reports"):
        answer = app.test_client().post(path, data=fields, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403, path
    assert world(hotline) == before
    own = app.test_client().post("/t/danh-gia", data=fields, headers={"Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 200


def test_a_login_or_an_invitation_without_a_token_is_refused(
    redis: RedisServer, client: FlaskClient, staff: Staff
) -> None:
    """A login that another site sends would put its own account into this person's browser."""
    assert client.post("/accounts/login", data={"username": "alice", "password": PASSWORD}).status_code == 403
    assert client.post("/accounts/invitation", data={"token": "x", "password": PASSWORD}).status_code == 403


def test_sessions_and_forged_posts(
    redis: RedisServer, hotline: Hotline, app: Flask, road: Road, staff: Staff, log_in: Log
) -> None:
    """Check 27. Injected: (a) a step without a token, with a stranger's, with an expired one, from another site by
    `Sec-Fetch-Site` and by `Origin` alone (b) a GET of every address that takes a post (c) a citizen's form that lay
    open for too long (d) a login in a browser whose session an attacker began (e) a cookie used again after the logout,
    after a new password, after the account was shut out (f) `next` that leads away.

    Expected: (a) 403 (b) nothing changed (c) the citizen's words still there (d) another session, the old one nobody's
    (e) all of them asked to log in (f) home. Without `CSRFProtect`, `_same_site` (a), `FORM_LIFE` (c), `cookie.clear`
    (d), `ended_at` and `session_epoch` (e) or `on_site` (f) it fails.
    """
    filed = road.routed()
    page = f"/work/{filed.ticket().id}"
    alice, bob = log_in(staff.alice), log_in(staff.bob)
    shown = alice.get(page).get_data(as_text=True)
    own = {name: hidden(shown, name) for name in ("csrf_token", "version")}
    stranger = own | {"csrf_token": hidden(bob.get("/work").get_data(as_text=True), "csrf_token")}
    before = world(hotline)
    for fields in ({"version": own["version"]}, stranger):
        assert alice.post(f"{page}/accept", data=fields).status_code == 403
    app.config["WTF_CSRF_TIME_LIMIT"] = -1
    assert alice.post(f"{page}/accept", data=own).status_code == 403
    app.config["WTF_CSRF_TIME_LIMIT"] = int(hotline.settings.session_life)
    for header in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert alice.post(f"{page}/accept", data=own, headers=header).status_code == 403
    for path in posts(app, str(filed.ticket().id)):  # (b)
        alice.get(path, query_string=own).close()
    assert world(hotline) == before
    for header in ({"Origin": "null"}, {"Origin": hotline.settings.public_url}):
        assert alice.post(f"{page}/accept", data=own, headers=header).status_code in {303, 409}

    words_kept = "Đèn đường tắt cả tuần nay, cột số 12"
    late = app.test_client().post("/", data={"text": words_kept, "form_token": "quá cũ"})
    assert late.status_code == 422
    assert f">{words_kept}</textarea>" in late.get_data(as_text=True)  # (c)

    browser, thief = app.test_client(), app.test_client()
    browser.get("/accounts/login")
    with browser.session_transaction() as session_cookie:
        session_cookie["planted"] = "here"
    planted = cookie_of(browser)
    entered = post_form(
        browser, "/accounts/login", "/accounts/login", username="alice", password=PASSWORD, next="//evil.example"
    )
    assert (entered.status_code, entered.location) == (303, "/work")  # (f)
    thief.set_cookie("staff", planted)
    assert cookie_of(browser) != planted
    with browser.session_transaction() as session_cookie:
        assert "planted" not in session_cookie
    assert thief.get("/work").status_code == 303  # (d)

    ways_to_end: list[Callable[[FlaskClient], object]] = [
        lambda one: post_form(one, "/work", "/accounts/logout"),
        lambda one: post_form(
            one, "/accounts/me", "/accounts/me/password", current=PASSWORD, password="một mật khẩu khác hẳn"
        ),
        lambda _one: disable_account(hotline, staff.alice.id),
    ]
    for end in ways_to_end:  # (e)
        with hotline.database.reading() as session:
            account = session.get_one(Account, staff.alice.id)
        inside, copy = log_in(account), app.test_client()
        copy.set_cookie("staff", cookie_of(inside))
        assert copy.get("/work").status_code == 200
        end(inside)
        assert copy.get("/work").location == "/accounts/login?next=/work"


def cookie_of(browser: FlaskClient) -> str:
    cookie = browser.get_cookie("staff")
    assert cookie is not None
    return cookie.value


def posts(app: Flask, ticket_id: str) -> Iterator[str]:
    """Yield every address of the staff's pages that takes a post."""
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint.split(".")[0] not in WITHOUT_COOKIE:
            yield filled(rule, ticket_id)


def filled(rule: Rule, ticket_id: str) -> str:
    values = {name: ticket_id if name == "ticket_id" else str(uuid4()) for name in rule.arguments}
    found = rule.build(values, append_unknown=False)
    assert found is not None
    return found[1]


def world(hotline: Hotline) -> tuple[object, ...]:
    """Return what a forged post would change."""
    with hotline.database.reading() as session:
        events = session.scalar(select(func.count(TicketEvent.id)))
        tickets = session.execute(select(Ticket.id, Ticket.version).order_by(Ticket.id)).all()
        people = session.execute(select(Account.id, Account.disabled, Account.session_epoch).order_by(Account.id)).all()
        return events, tickets, people
