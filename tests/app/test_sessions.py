"""A session: what its cookie is, and all that ends it."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts import staff_sessions
from app.admin.service import disable_account
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from app.web import create_app
from models.account import Account, StaffSession
from tests.app.conftest import PASSWORD, Clock, Staff
from tests.pages import post_form, words

Log = Callable[..., FlaskClient]
ME = "/accounts/me"


def test_a_logout_ends_every_copy_of_the_session(app: Flask, staff: Staff, log_in: Log) -> None:
    alice = log_in(staff.alice)
    copy = app.test_client()
    cookie = alice.get_cookie("staff")
    assert cookie is not None
    copy.set_cookie("staff", cookie.value)
    assert copy.get("/work").status_code == 200
    assert post_form(alice, "/work", "/accounts/logout").status_code == 303
    assert alice.get("/work").location == "/accounts/login?next=/work"
    assert copy.get("/work").location == "/accounts/login?next=/work"


def test_a_new_password_ends_the_sessions_that_began_with_the_old_one(
    hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    alice, bob = log_in(staff.alice), log_in(staff.bob)
    with hotline.database.transaction() as session:
        accounts.set_password(session.get_one(Account, staff.alice.id), "một câu hoàn toàn khác")
    assert alice.get("/work").status_code == 303
    assert bob.get("/work").status_code == 200


def test_shutting_an_account_out_ends_its_sessions_and_its_tokens(
    client: FlaskClient, hotline: Hotline, staff: Staff, log_in: Log, bearer: Callable[[Account], dict[str, str]]
) -> None:
    alice, token = log_in(staff.alice), bearer(staff.alice)
    assert client.get("/api/v1/tickets", headers=token).status_code == 200
    disable_account(hotline, staff.alice.id)
    assert alice.get("/work").status_code == 303
    assert client.get("/api/v1/tickets", headers=token).status_code == 401


def test_a_cookie_of_another_key_or_of_a_session_that_is_not_there_is_nobodys(
    app: Flask, hotline: Hotline, staff: Staff, log_in: Log
) -> None:
    forger = Flask("forger")
    forger.config.update(SECRET_KEY=b"x" * 32, SESSION_COOKIE_NAME="staff")
    forged = forger.test_client()
    with forged.session_transaction() as session:
        session["_user_id"] = session_of(log_in(staff.alice))
    cookie = forged.get_cookie("staff")
    assert cookie is not None
    browser = app.test_client()
    browser.set_cookie("staff", cookie.value)
    assert browser.get("/work").status_code == 303
    for key in (str(uuid4()), f"{staff.alice.id.hex}:1", ""):
        gone = app.test_client()
        with gone.session_transaction() as session:
            session["_user_id"] = key
        assert gone.get("/work").status_code == 303


def test_a_login_takes_over_nothing_of_the_session_it_found(redis: RedisServer, app: Flask, staff: Staff) -> None:
    """A session that an attacker began in this browser is worth nothing after the login, for either of them."""
    browser = app.test_client()
    browser.get("/accounts/login")
    with browser.session_transaction() as session:
        session["planted"] = "here"
    before = browser.get_cookie("staff")
    assert before is not None
    form = {"username": "alice", "password": PASSWORD}
    assert post_form(browser, "/accounts/login", "/accounts/login", **form).status_code == 303
    with browser.session_transaction() as session:
        assert "planted" not in session
    thief = app.test_client()
    thief.set_cookie("staff", before.value)
    assert thief.get("/work").status_code == 303


def test_the_cookie_of_a_session_is_out_of_the_reach_of_scripts_and_other_sites(
    redis: RedisServer, hotline: Hotline, staff: Staff
) -> None:
    """Check 27, cookies. Expected: `__Host-`, `Secure`, `HttpOnly`, `SameSite`, and no domain."""
    settings = replace(hotline.settings, public_url="https://1022.example.vn")
    browser = create_app(replace(hotline, settings=settings)).test_client()
    page = {"base_url": "https://1022.example.vn"}
    form = browser.get("/accounts/login", **page).get_data(as_text=True)
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    fields = {"username": "alice", "password": PASSWORD, "csrf_token": token}
    answer = browser.post("/accounts/login", data=fields, **page)
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == ["__Host-device", "__Host-staff"]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_sessions_end_when_nobody_is_there_and_in_any_case_after_a_day_at_work(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    """How long is a setting; a web process with other settings judges the same session otherwise."""
    left, busy = (within(hotline, log_in(who), idle=7200, life=43200) for who in (staff.alice, staff.bob))
    patient = within(hotline, left, idle=50_000, life=50_000)
    for _ in range(11):
        clock.forward(hours=1)
        assert busy.get("/work").status_code == 200
    assert left.get("/work").status_code == 303
    assert patient.get("/work").status_code == 200
    clock.forward(hours=1)
    assert busy.get("/work").status_code == 303


def within(hotline: Hotline, browser: FlaskClient, *, idle: float, life: float) -> FlaskClient:
    """Return the same browser before a web process in which sessions last so many seconds."""
    settings = replace(hotline.settings, session_idle=idle, session_life=life)
    other = create_app(replace(hotline, settings=settings)).test_client()
    cookie = browser.get_cookie("staff")
    assert cookie is not None
    other.set_cookie("staff", cookie.value)
    return other


def test_that_somebody_is_there_is_written_at_most_once_a_minute(
    hotline: Hotline, staff: Staff, log_in: Log, clock: Clock
) -> None:
    alice = log_in(staff.alice)
    began = clock.at
    for _ in range(5):
        clock.forward(seconds=25)
        assert alice.get("/work").status_code == 200
    with hotline.database.reading() as session:
        seen = session.get_one(StaffSession, UUID(session_of(alice))).seen_at
    assert (seen - began).total_seconds() == 75


def test_one_device_is_logged_out_from_another_and_nobody_elses(staff: Staff, log_in: Log, redis: RedisServer) -> None:
    here, lost, bob = log_in(staff.alice), log_in(staff.alice), log_in(staff.bob)
    page = words(here.get(ME).get_data(as_text=True))
    assert "máy này" in page
    assert post_form(bob, ME, f"{ME}/sessions/end", session_id=session_of(lost)).status_code == 404
    assert lost.get("/work").status_code == 200
    assert post_form(here, ME, f"{ME}/sessions/end", session_id=session_of(lost)).status_code == 303
    assert lost.get("/work").status_code == 303
    assert here.get("/work").status_code == 200


def test_everywhere_means_everywhere(
    hotline: Hotline, staff: Staff, log_in: Log, bearer: Callable[[Account], dict[str, str]]
) -> None:
    here, there, bob = log_in(staff.alice), log_in(staff.alice), log_in(staff.bob)
    program = bearer(staff.alice)
    assert post_form(here, "/accounts/me", "/accounts/me/sessions/end", session_id="all").status_code == 303
    assert {here.get("/work").status_code, there.get("/work").status_code} == {303}
    assert bob.get("/work").status_code == 200
    assert here.application.test_client().get("/api/v1/tickets", headers=program).status_code == 200


def test_a_session_that_is_begun_while_all_are_ended_is_over_too(hotline: Hotline, staff: Staff, log_in: Log) -> None:
    """Injected: the password was checked, then changed, then the session is written. Without `epoch` it lives on."""
    as_it_was = staff.alice
    with hotline.database.transaction() as session:
        accounts.set_password(session.get_one(Account, staff.alice.id), "một câu hoàn toàn khác")
    assert log_in(as_it_was).get("/work").status_code == 303


def test_sessions_that_were_over_long_ago_are_let_go(hotline: Hotline, staff: Staff, log_in: Log, clock: Clock) -> None:
    log_in(staff.alice)
    clock.forward(seconds=hotline.settings.session_life, days=29)
    recent = session_of(log_in(staff.alice))
    clock.forward(days=2)
    for _ in range(2):  # as two relays would
        with hotline.database.transaction() as session:
            staff_sessions.forget(hotline, session, hotline.now())
    with hotline.database.reading() as session:
        assert [one.hex for one in session.scalars(select(StaffSession.id))] == [recent]


def test_an_administrator_logs_somebody_out_everywhere(staff: Staff, log_in: Log) -> None:
    alice, admin = log_in(staff.alice), log_in(staff.admin)
    page = f"/admin/accounts/{staff.alice.id}"
    answer = post_form(admin, page, "/admin/accounts/end-sessions", account_id=str(staff.alice.id))
    assert answer.status_code == 303
    assert alice.get("/work").status_code == 303
    assert admin.get(page).status_code == 200


def session_of(browser: FlaskClient) -> str:
    """Return what a browser's cookie says of its session."""
    with browser.session_transaction() as cookie:
        return str(cookie["_user_id"])
