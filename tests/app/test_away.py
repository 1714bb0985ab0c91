"""What is filed, and what is shown when something went wrong, asks the database nothing that it need not ask."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from app.hotline import Hotline
from models.account import Account
from tests.app.conftest import LIGHTS_OUT, Staff
from tests.pages import hidden

ROLES = ("alice", "supervisor", "coordinator", "admin", "call_taker")


def test_filing_asks_the_database_for_nothing_but_its_own_insert(hotline: Hotline, client: FlaskClient) -> None:
    """By form once the look at what others reported near by is over, which may fail without harm (`test_nearby.py`)."""
    form = {"form_token": hidden(client.get("/").text, "form_token"), "text": LIGHTS_OUT, "nearby": "1"}
    with asked(hotline) as by_program:
        assert file_by_program(client).status_code == 201
    with asked(hotline) as by_form:
        assert client.post("/", data=form).status_code == 201
    for statements in (by_program, by_form):
        assert statements
        assert {statement.split()[0] for statement in statements} <= {"BEGIN", "INSERT", "WITH"}
        assert not [statement for statement in statements if "SELECT" in statement]


@pytest.mark.parametrize("name", ROLES)
def test_of_who_is_logged_in_filing_by_form_asks_nothing_either(
    hotline: Hotline, client: FlaskClient, log_in: Callable[[Account], FlaskClient], staff: Staff, name: str
) -> None:
    browser = log_in(getattr(staff, name))
    form = {"form_token": hidden(client.get("/").text, "form_token"), "text": LIGHTS_OUT, "nearby": "1"}
    with asked(hotline) as statements:
        assert browser.post("/", data=form).status_code == 201
    assert not [statement for statement in statements if "SELECT" in statement]


@pytest.mark.parametrize("name", ROLES)
def test_while_the_database_is_away_everybody_gets_their_words_back(
    hotline: Hotline, client: FlaskClient, log_in: Callable[[Account], FlaskClient], staff: Staff, name: str
) -> None:
    browser = log_in(getattr(staff, name))
    form = {"form_token": hidden(client.get("/").text, "form_token"), "text": LIGHTS_OUT, "nearby": "1"}
    with away(hotline) as tried:
        answer = browser.post("/", data=form)
    assert answer.status_code == 503
    assert f">{LIGHTS_OUT}</textarea>" in unescape(answer.text)
    assert len(tried) == 1


@pytest.mark.parametrize("name", ROLES)
def test_an_error_page_asks_nothing_of_a_database_that_is_away(
    hotline: Hotline, log_in: Callable[[Account], FlaskClient], staff: Staff, name: str
) -> None:
    browser = log_in(getattr(staff, name))
    with away(hotline) as tried:
        there = browser.get("/work")
        assert len(tried) == 1
        nowhere = browser.get("/khong-co")
    assert (there.status_code, nowhere.status_code) == (503, 404)
    assert int(there.headers["Retry-After"]) > 0
    assert len(tried) == 1


def file_by_program(client: FlaskClient) -> Any:
    """File a report over the API."""
    return client.post("/api/v1/reports", json={"text": LIGHTS_OUT}, headers={"Idempotency-Key": uuid.uuid4().hex})


@contextmanager
def asked(hotline: Hotline) -> Iterator[list[str]]:
    """Yield what the database is asked meanwhile."""
    engine, statements = hotline.database.engine, list[str]()

    def note(*about: Any) -> None:
        statements.append(about[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def away(hotline: Hotline) -> Iterator[list[None]]:
    """Let nobody come through to the database meanwhile; yield an entry for each who tries."""
    engine, tried = hotline.database.engine, list[None]()
    failure = sqlite3.OperationalError if engine.dialect.name == "sqlite" else psycopg.OperationalError

    def refuse(*_: Any) -> None:
        tried.append(None)
        raise failure("away")

    engine.dispose()
    event.listen(engine, "do_connect", refuse)
    try:
        yield tried
    finally:
        event.remove(engine, "do_connect", refuse)
