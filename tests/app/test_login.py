"""Logging in: who gets in, what is told to those who do not, and how often one may try."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.views import HOME, on_site
from app.admin.service import disable_account
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from app.web import create_app
from models.account import Account
from tests.app.conftest import PASSWORD, PEOPLE, Staff
from tests.pages import hidden, post_form, words

WRONG = "Tên đăng nhập hoặc mật khẩu chưa đúng."


def test_each_role_begins_its_day_where_its_work_is(
    app: Flask, staff: Staff, log_in: Callable[[Account], FlaskClient]
) -> None:
    for name, (role, _, _) in PEOPLE.items():
        browser = log_in(staff.accounts[name])
        with app.test_request_context():
            home = app.url_for(HOME[role])
        assert browser.get("/accounts/login").location == home
        assert browser.get(home).status_code == 200, name


def test_a_user_name_is_taken_in_any_case(redis: RedisServer, client: FlaskClient, staff: Staff) -> None:
    assert enter(client, "  ALICE ").status_code == 303


def test_unknown_name_wrong_password_and_shut_out_account_look_the_same(
    redis: RedisServer, app: Flask, hotline: Hotline, staff: Staff
) -> None:
    disable_account(hotline, staff.bob.id)
    tries = (("alice", "sai mật khẩu rồi"), ("nobody", PASSWORD), ("bob", PASSWORD), ("alice", ""))
    pages = set()
    for username, password in tries:
        browser = app.test_client()
        answer = enter(browser, username, password)
        assert answer.status_code == 403
        page = answer.get_data(as_text=True)
        assert WRONG in words(page)
        assert browser.get("/work").status_code == 303
        # what differs may be only what the person typed, and the page's own token
        pages.add(page.replace(f'value="{username}"', "").replace(hidden(page, "csrf_token"), ""))
    assert len(pages) == 1


def test_a_password_of_a_megabyte_is_refused(redis: RedisServer, client: FlaskClient, staff: Staff) -> None:
    assert enter(client, "alice", PASSWORD + "x" * 100_000).status_code == 403
    assert enter(client, "alice", "x" * 1_000_000).status_code == 413


@pytest.mark.parametrize("target", ["/work?after=1", "/", "/t#7KQ2"])
def test_an_address_of_this_site_is_kept(target: str) -> None:
    assert on_site(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "work",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/work",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/work\r\nSet-Cookie: a=b",
        " //evil.example",
        "/work\u2028",
    ],
)
def test_an_address_that_leads_away_is_none(target: str) -> None:
    assert on_site(target) is None


def test_after_the_login_one_comes_to_where_one_wanted_to_go_on_this_site(
    redis: RedisServer, app: Flask, staff: Staff
) -> None:
    for target, goes_to in (("/work?after=1", "/work?after=1"), ("//evil.example", "/work"), ("/\\evil", "/work")):
        answer = enter(app.test_client(), "alice", next=target)
        assert (answer.status_code, answer.location) == (303, goes_to)


def test_a_page_behind_the_door_is_remembered_by_the_login(client: FlaskClient) -> None:
    door = client.get("/work?after=")
    assert (door.status_code, door.location) == (303, "/accounts/login?next=/work?after%3D")
    form = client.get(door.location).get_data(as_text=True)
    assert hidden(form, "next") == "/work?after="


def test_too_many_tries_for_one_name_must_wait_wherever_they_come_from(
    redis: RedisServer, hotline: Hotline, staff: Staff
) -> None:
    """429 with Retry-After, counted in Redis for all processes together; the right password waits too."""
    first, second = limited(hotline, 3), limited(hotline, 3)
    for number in range(3):
        app = first if number % 2 else second
        assert enter(app.test_client(), "alice", "sai mật khẩu", at=f"10.0.0.{number}").status_code == 403
    refused = enter(second.test_client(), "Alice ", PASSWORD, at="10.0.0.9")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "Bạn thử nhiều lần quá" in words(refused.get_data(as_text=True))
    assert enter(first.test_client(), "bob", at="10.0.0.9").status_code == 303


def test_too_many_tries_from_one_address_must_wait_whatever_name_they_try(
    redis: RedisServer, hotline: Hotline, staff: Staff
) -> None:
    app = limited(hotline, 3)
    for name in ("alice", "supervisor", "auditor"):
        assert enter(app.test_client(), name, "sai mật khẩu", at="10.0.0.1").status_code == 403
    assert enter(app.test_client(), "bob", at="10.0.0.1").status_code == 429
    assert enter(app.test_client(), "bob", at="10.0.0.2").status_code == 303


def test_an_address_that_a_client_only_claims_does_not_count(
    redis: RedisServer, hotline: Hotline, staff: Staff
) -> None:
    """Without a proxy that we trust the header is a stranger's; behind one, its last entry is the proxy's word."""
    app = limited(hotline, 2)
    for number in range(2):
        enter(app.test_client(), f"someone{number}", at="10.0.0.1", forwarded=f"192.0.2.{number}")
    assert enter(app.test_client(), "bob", at="10.0.0.1", forwarded="192.0.2.7").status_code == 429
    behind = limited(hotline, 2, trusted_proxies=1)
    for number in range(2):
        enter(behind.test_client(), f"other{number}", at="10.0.0.2", forwarded=f"192.0.2.{number}, 203.0.113.5")
    assert enter(behind.test_client(), "bob", at="10.0.0.2", forwarded="192.0.2.8, 203.0.113.5").status_code == 429
    assert enter(behind.test_client(), "bob", at="10.0.0.2", forwarded="192.0.2.8, 203.0.113.6").status_code == 303


def test_without_redis_nobody_gets_in_by_password_and_those_inside_stay(
    redis: RedisServer, app: Flask, staff: Staff
) -> None:
    inside = app.test_client()
    assert enter(inside, "alice").status_code == 303
    redis.stop()
    refused = enter(app.test_client(), "bob")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert inside.get("/work").status_code == 200


def limited(hotline: Hotline, tries: int, trusted_proxies: int = 0) -> Flask:
    """Return a web process that allows so many tries in a quarter of an hour."""
    settings = replace(hotline.settings, login_per_quarter_hour=tries, trusted_proxies=trusted_proxies)
    return create_app(replace(hotline, settings=settings))


def enter(
    browser: FlaskClient,
    username: str,
    password: str = PASSWORD,
    *,
    at: str = "127.0.0.1",
    forwarded: str | None = None,
    **fields: str,
) -> TestResponse:
    """Send the login form, from an address."""
    browser.environ_base["REMOTE_ADDR"] = at
    if forwarded:
        browser.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
    data = {"username": username, "password": password} | fields
    return post_form(browser, "/accounts/login", "/accounts/login", **data)
