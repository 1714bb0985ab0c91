"""Who guesses passwords: slowed down by account and by address, told nothing, and without shutting the owner out."""

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts import service
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from models.account import Account
from models.audit import AuditEvent
from models.vocabulary import AuditKind
from tests.app.conftest import PASSWORD, Staff
from tests.app.test_login import enter, limited
from tests.pages import hidden, words

Log = Callable[..., FlaskClient]
#: So many tries are allowed here, for each takes as long as a hash does; 20 are unless the settings say otherwise.
TRIES = 5


def test_guessing_passwords(
    redis: RedisServer, hotline: Hotline, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check 28. Injected: (a) 50 wrong passwords for one account from 50 addresses (b) one password for 50 accounts
    from one address (c) the same with a made-up `X-Forwarded-For` each (d) a password of a megabyte (e) a known, an
    unknown and a shut-out user (f) an attacker who uses up the victim's tries; the victim at a known device and not.

    Expected: (a) (b) (c) as many answers of 403 as tries are allowed, then 429, the right password among them; (d)
    refused before any hashing; (e) one hash each and the same page; (f) in at once on a device where they were in
    before, elsewhere after a quarter of an hour. Without the counter of users (a) goes on for ever, without that of
    addresses (b), with `ProxyFix` for no proxy (c); without the look at its length (d) is hashed; without the hash of
    nobody (e) an unknown user is answered in a hundredth of the time; without `known_device` (f) the victim waits.
    """
    app = limited(hotline, TRIES)
    known = app.test_client()
    assert enter(known, "supervisor", at="10.9.9.9").status_code == 303
    known_cookie = known.get_cookie("device")
    assert known_cookie is not None

    guessed = [enter(app.test_client(), "alice", f"đoán lần thứ {n}", at=f"10.0.0.{n}").status_code for n in range(50)]
    assert guessed == [403] * TRIES + [429] * (50 - TRIES)  # (a)
    assert enter(app.test_client(), "alice", at="10.0.1.1").status_code == 429
    sprayed = [enter(app.test_client(), f"person{n}", PASSWORD, at="10.2.0.1").status_code for n in range(50)]
    assert sprayed == [403] * TRIES + [429] * (50 - TRIES)  # (b)
    spoofed = [
        enter(app.test_client(), f"other{n}", PASSWORD, at="10.3.0.1", forwarded=f"192.0.2.{n}").status_code
        for n in range(50)
    ]
    assert spoofed == [403] * TRIES + [429] * (50 - TRIES)  # (c)

    hashed = count_hashes(monkeypatch)
    assert enter(app.test_client(), "bob", "x" * 100_000, at="10.4.0.1").status_code == 403
    assert enter(app.test_client(), "bob", "x" * 1_000_000, at="10.4.0.2").status_code == 413
    assert hashed == []  # (d)

    with hotline.database.transaction() as session:
        session.get_one(Account, staff.coordinator.id).disabled = True
    pages: list[str] = []
    for name in ("bob", "nobody-of-this-name", "coordinator", "Không Phải Tên"):
        answer = enter(app.test_client(), name, "sai mật khẩu rồi", at=f"10.5.0.{len(pages)}")
        assert len(hashed) == len(pages) + 1, name  # (e)
        pages.append(said(answer, name))
    assert len(set(pages)) == 1

    for n in range(TRIES + 1):
        enter(app.test_client(), "supervisor", f"đoán lần thứ {n}", at=f"10.6.0.{n}")
    stranger = app.test_client()
    assert enter(stranger, "supervisor", at="10.7.0.1").status_code == 429
    at_home = app.test_client()
    at_home.set_cookie("device", known_cookie.value)
    assert enter(at_home, "supervisor", at="10.6.0.1").status_code == 303  # (f)
    with Redis.from_url(redis.url) as counted:
        (key,) = counted.keys("*supervisor*")
        assert 0 < counted.ttl(key) <= 15 * 60


def test_a_device_is_known_for_its_own_user_alone_and_is_counted_too(
    redis: RedisServer, hotline: Hotline, staff: Staff
) -> None:
    app = limited(hotline, 3)
    browser = app.test_client()
    assert enter(browser, "alice").status_code == 303
    cookie = browser.get_cookie("device")
    assert cookie is not None

    def here(username: str, password: str) -> int:
        device = app.test_client()
        device.set_cookie("device", cookie.value)
        return enter(device, username, password, at="10.0.0.8").status_code

    assert [here("alice", "sai mật khẩu") for _ in range(4)] == [403, 403, 403, 429]
    assert [here("bob", "sai mật khẩu") for _ in range(4)] == [403, 403, 403, 429]
    forged = app.test_client()
    forged.set_cookie("device", cookie.value[:-3] + "AAA")
    assert enter(forged, "alice", at="10.0.0.8").status_code == 429


def test_failed_logins_are_on_record_without_what_was_typed(
    redis: RedisServer, app: Flask, hotline: Hotline, staff: Staff
) -> None:
    """A password typed into the wrong field must not lie in the record that auditors read."""
    enter(app.test_client(), "alice", "sai mật khẩu")
    enter(app.test_client(), PASSWORD, "alice")
    with hotline.database.reading() as session:
        failed = session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.LOGIN_FAILED)).all()
    assert [(one.account_id, one.actor_id, one.detail) for one in failed] == [
        (staff.alice.id, None, None),
        (None, None, None),
    ]


def count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count from now on how often a password is hashed, whatever for."""
    done: list[str] = []
    verify, make = PasswordHasher.verify, PasswordHasher.hash
    service._dummy_hash()  # as every process has it after its first login

    def counted_verify(self: PasswordHasher, kept: str, password: str) -> bool:
        done.append("verify")
        return verify(self, kept, password)

    def counted_hash(self: PasswordHasher, password: str) -> str:
        done.append("hash")
        return make(self, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted_verify)
    monkeypatch.setattr(PasswordHasher, "hash", counted_hash)
    return done


def said(answer: TestResponse, typed: str) -> str:
    """Return what somebody is told who could not log in, but for what is theirs."""
    page = answer.get_data(as_text=True)
    assert answer.status_code == 403
    return words(page.replace(f'value="{typed}"', "").replace(hidden(page, "csrf_token"), ""))
