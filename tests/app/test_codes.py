"""Guessing codes: hopeless, and loud."""

import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from app.hotline import Hotline
from app.problems import NotFound
from app.throttle import MISSES, MISSES_OF_ONE
from app.tracking import service
from app.web import create_app
from models.code import ALPHABET, code_hash, grouped, new_code, normalised
from models.tables import Base
from tests.app.conftest import Filed

File = Callable[..., Filed]
GUESSES = 10_000
#: Tries that an address has in a minute here.
TRIES = 20


@pytest.fixture
def app(hotline: Hotline) -> Flask:
    """Return the web application of an installation that counts: the others of the tests let nearly everything pass."""
    return create_app(replace(hotline, settings=replace(hotline.settings, intake_per_minute=TRIES)))


def test_codes_cannot_be_found(hotline: Hotline, app: Flask, client: FlaskClient, file: File) -> None:
    """Check 26. Injected: 10 000 random codes; near-misses of a code that is held (each character changed, the right
    beginning, the right end, neighbours swapped); the code in small letters, with O for 0. Expected: nothing found but
    by the whole code; one answer to all that nobody holds, page and API, to the byte; the database asked one thing, for
    the whole keyed hash, whether anybody holds the code or not. A look-up by a part of the code, or a second query
    before it is decided, makes it fail.
    """
    filed = file()
    code = normalised(filed.code) or ""
    assert [guess for guess in (new_code() for _ in range(GUESSES)) if found(hotline, guess)] == []
    near = list(near_misses(code))
    assert len(near) > 100
    assert [guess for guess in near if found(hotline, guess)] == []
    for spelling in (code, code.lower(), grouped(code), code.replace("0", "O").replace("1", "l")):
        assert found(hotline, spelling), spelling
    strangers = [almost(code), new_code(), code[:15] + other(code[15])]
    asked = [first_asked(hotline, guess) for guess in (code, *strangers)]
    assert len({statement for statement, _ in asked}) == 1
    statement, parameters = asked[0]
    assert "WHERE ticket.code_hash = " in statement
    assert code_hash(hotline.keys.codes, code) in parameters
    pages = [as_told(client.post("/t", data={"code": guess}), guess) for guess in strangers]
    answers = [as_told(client.post("/api/v1/track", json={"code": guess}), guess) for guess in strangers]
    assert pages == [pages[0]] * len(pages)
    assert answers == [answers[0]] * len(answers)
    assert (pages[0][0], answers[0][0]) == (404, 404)
    assert app is client.application


def test_before_it_is_decided_the_database_does_the_same_for_codes_that_are_held_and_not(
    hotline: Hotline, file: File
) -> None:
    """Check 26, of time. Injected: codes that are held and codes that are not. Expected: up to the decision one
    statement, the same plan, one row or none by a unique index: there is no work by which to tell them apart.
    """
    code = normalised(file().code) or ""
    for guess in (new_code(), almost(code)):
        with asked_of(hotline) as asked:
            assert not found(hotline, guess)
        assert len([one for one in asked if one[0].startswith("SELECT")]) == 1
    assert any(
        {column.name for column in index.columns} == {"code_hash"}
        for index in Base.metadata.tables["ticket"].constraints
        if hasattr(index, "columns")
    )


def test_the_database_holds_no_code(hotline: Hotline, file: File) -> None:
    """Check 26, of the database. Injected: codes given out. Expected: in no column of any table, whole or grouped."""
    codes = [file().code for _ in range(3)]
    with hotline.database.reading() as session:
        everything = "\n".join(
            str(tuple(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table))
        )
    assert "Đèn đường" in everything
    for code in codes:
        for spelling in (code, normalised(code) or "?"):
            assert spelling not in everything


def test_an_address_that_tries_too_often_waits_and_is_told_nothing_by_it(
    hotline: Hotline, app: Flask, file: File
) -> None:
    """Check 26, of one address. Injected: as many tries as are let, then codes that are held and not. Expected: 429
    with one body and one set of headers for both, before anything is looked up; other addresses as ever. Without
    `throttle().code` there is no end; counting after the look-up would answer whether a code is held.
    """
    held = file().code
    for number in range(TRIES):
        assert ask(app, "203.0.113.9", new_code()).status_code == 404, number
    with asked_of(hotline) as asked:
        told = [as_told(ask(app, "203.0.113.9", guess), guess) for guess in (held, new_code(), almost(held))]
    assert not [one for one in asked if "code_hash" in one[0]]
    assert told == [told[0]] * 3
    assert told[0][0] == 429
    assert ask(app, "203.0.113.10", held).status_code == 200


def test_of_ipv6_a_household_is_one_address(hotline: Hotline, app: Flask, file: File) -> None:
    """Check 26, of IPv6. Injected: each try from another address of one /64, then one of the next. Expected: counted as
    one. Counting whole addresses, of which a household has 2^64, lets it go on for ever.
    """
    held = file().code
    for number in range(TRIES):
        assert ask(app, f"2001:db8:1:2::{number:x}", new_code()).status_code == 404
    assert ask(app, "2001:db8:1:2:ffff::1", held).status_code == 429
    assert ask(app, "2001:db8:1:3::1", held).status_code == 200


def test_many_addresses_together_are_slowed_and_nobody_who_holds_a_code_is(
    hotline: Hotline, app: Flask, file: File
) -> None:
    """Check 26, of many addresses. Injected: guesses from hundreds of addresses, few from each. Expected: from some
    number on, an address that has missed a few times waits; who holds a code gets in, from an address of their own,
    from one that mistyped, and from one that many share. Without the count of everybody's misses guessing goes on at
    the limit of each address; a count that shuts everybody out would be the attacker's to pull.
    """
    held = file().code
    limit = MISSES * TRIES
    statuses = [
        ask(app, f"198.51.{number // 250}.{number % 250}", new_code()).status_code
        for number in range(limit // MISSES_OF_ONE + 1)
        for _ in range(MISSES_OF_ONE)
    ]
    assert set(statuses[:limit]) == {404}
    attacker = [ask(app, "192.0.2.1", new_code()).status_code for _ in range(MISSES_OF_ONE + 5)]
    assert attacker == [404] * MISSES_OF_ONE + [429] * 5
    assert ask(app, "192.0.2.1", held).status_code == 429
    assert [ask(app, "192.0.2.2", held).status_code for _ in range(20)] == [200] * 20
    assert [ask(app, "192.0.2.3", guess).status_code for guess in (almost(held), almost(held), held)] == [404, 404, 200]


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/t/danh-gia", {}),
        ("/t/bo-sung", {"message": ""}),
        ("/t/mo-lai", {"message": "Vẫn tối.", "photos": b"no picture"}),
    ],
)
def test_a_step_that_is_refused_for_something_else_is_a_miss_all_the_same(
    app: Flask, file: File, monkeypatch: pytest.MonkeyPatch, path: str, wrong: dict[str, Any]
) -> None:
    """Check 26, of steps. Injected: codes that nobody holds, with no stars, no words, a broken photo. Expected: told as
    every code that nobody holds, and counted; who holds the code is told what is wrong.
    """
    monkeypatch.setattr("app.throttle.MISSES", 0)
    client = app.test_client()

    def step(code: str) -> TestResponse:
        files = {name: (io.BytesIO(data), "a.jpg") for name, data in wrong.items() if isinstance(data, bytes)}
        return client.post(path, data={"code": code, **wrong, **files}, content_type="multipart/form-data")

    assert step(file().code).status_code == 422
    assert step("không phải mã").status_code == 422
    missed = [step(new_code()) for _ in range(MISSES_OF_ONE + 1)]
    assert [one.status_code for one in missed] == [404] * MISSES_OF_ONE + [429]
    assert 'id="code"' in missed[0].text


def found(hotline: Hotline, typed: str) -> bool:
    """Tell whether a code opens anything."""
    try:
        with hotline.database.reading() as session:
            service.find(hotline, session, typed)
    except NotFound:
        return False
    return True


def other(character: str) -> str:
    """Another character that a code may have."""
    return random.Random(character).choice(ALPHABET.replace(character, ""))


def almost(code: str) -> str:
    """The code, but for its first character."""
    known = normalised(code) or ""
    return other(known[0]) + known[1:]


def near_misses(code: str) -> Iterator[str]:
    """Codes that are nearly this one."""
    for place, right in enumerate(code):
        for wrong in random.Random(place).sample(ALPHABET.replace(right, ""), 6):
            yield code[:place] + wrong + code[place + 1 :]
        if place and code[place - 1] != right:
            yield code[: place - 1] + right + code[place - 1] + code[place + 1 :]
    for kept in range(4, 16, 4):
        yield code[:kept] + new_code()[kept:]
        yield new_code()[:kept] + code[kept:]
    if code[::-1] != code:
        yield code[::-1]


def ask(app: Flask, address: str, code: str) -> TestResponse:
    """Ask for a code from an address."""
    return app.test_client().post("/api/v1/track", json={"code": code}, environ_base={"REMOTE_ADDR": address})


def as_told(answer: TestResponse, code: str) -> tuple[int, str, list[tuple[str, str]]]:
    """Return status, body and headers, without the code that was asked for and what is each answer's own."""
    own = {"X-Request-Id", "Date"}
    body = answer.get_data(as_text=True).replace(grouped(normalised(code) or code), "…").replace(code, "…")
    return answer.status_code, body, [one for one in answer.headers if one[0] not in own]


def first_asked(hotline: Hotline, typed: str) -> tuple[str, str]:
    """Return the first thing that the database is asked for a code, and with which values."""
    with asked_of(hotline) as asked:
        found(hotline, typed)
    return next(one for one in asked if one[0].startswith("SELECT"))


@contextmanager
def asked_of(hotline: Hotline) -> Iterator[list[tuple[str, str]]]:
    """Collect what the database is asked, and with which values."""
    asked: list[tuple[str, str]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((" ".join(statement.split()), str(parameters)))

    event.listen(hotline.database.engine, "before_cursor_execute", listen)
    yield asked
    event.remove(hotline.database.engine, "before_cursor_execute", listen)
