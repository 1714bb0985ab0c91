"""A session: what its cookie is, and all that ends it."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient

from app.accounts import service as accounts
from app.admin.service import disable_account
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from app.web import create_app
from models.account import Account
from tests.app.conftest import PASSWORD, Staff
from tests.pages import post_form

Log = Callable[[Account], FlaskClient]


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


def session_of(browser: FlaskClient) -> str:
    """Return what a browser's cookie says of its session."""
    with browser.session_transaction() as cookie:
        return str(cookie["_user_id"])
