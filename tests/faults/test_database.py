"""The database may restart, die in the middle of something, or be away: nobody loses a word by it."""

import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from app.bench.scratch import Postgres
from tests.faults.conftest import LOADING, Browser, Town, assert_away, assert_words_kept, eventually
from tests.pages import hidden

WORDS = "Trước nhà số 12 có cây nghiêng sắp đổ, mưa gió <xin> coi giùm"


@pytest.fixture
def server() -> Iterator[Postgres]:
    """Return a running PostgreSQL that this test may kill."""
    with tempfile.TemporaryDirectory(prefix="ln-pg-") as folder:
        made = Postgres(Path(folder))
        made.start()
        yield made
        made.stop()


def test_a_database_restart(server: Postgres, tmp_path: Path, models_dir: Path) -> None:
    """Check 7, PostgreSQL. Injected and expected: (a) restarted between requests: nobody sees an error; (b) killed
    while a report stands in the middle of its insert: 503, and nothing of it is stored; (c) down: 503 with Retry-After,
    by form the page with the citizen's words in it, no trace; then all goes on, relay and worker included.

    Without `pool_pre_ping` (a) is a 503; with a statement and a commit a row (b) leaves half a report; without the
    form's own answer (c) loses the words.
    """
    town = Town(tmp_path, server.url, models_dir)
    browser = Browser(town.url)
    try:
        town.prepare()
        town.revive()
        eventually(town.answers, LOADING)

        codes = town.file(8)
        server.stop()
        server.start()
        codes += town.file(8)
        form = {"form_token": hidden(browser.client.get("/").text, "form_token"), "text": WORDS}

        with closing(psycopg.connect(server.url)) as other, ThreadPoolExecutor() as pool:
            other.execute("LOCK TABLE outbox_entry IN EXCLUSIVE MODE")
            half = pool.submit(town.post, WORDS)
            eventually(lambda: _waiting(server) == 1, 10)
            server.stop(fast=False)
            assert_away(half.result())
        assert_away(town.post(WORDS))
        assert_words_kept(browser, form)

        server.start()
        assert town.count() == len(codes)
        assert browser.client.post("/", data=form).status_code == 201
        codes += town.file()
        eventually(lambda: town.recovered(codes), LOADING)
        town.assert_triaged_once(codes)
    finally:
        browser.client.close()
        town.close()


@pytest.mark.parametrize("shared_town", ["sqlite"], indirect=True)
def test_a_database_that_is_locked(running: Town, browser: Browser) -> None:
    """Check 7, SQLite. Injected: another program holds the write lock for longer than we wait. Expected: 503 with
    Retry-After, by form the page with the citizen's words in it; nothing is stored; reading goes on; then all does.

    With "database is locked" not counted as being away both are a 500; without the form's own answer the words are
    lost.
    """
    file = running.hotline.settings.database_url.partition(":///")[2]
    before = running.count()
    form = {"form_token": hidden(browser.client.get("/").text, "form_token"), "text": WORDS}
    with closing(sqlite3.connect(file, isolation_level=None)) as other, ThreadPoolExecutor() as pool:
        other.execute("BEGIN IMMEDIATE")
        by_program = pool.submit(running.post, WORDS)
        by_form = pool.submit(assert_words_kept, browser, form)
        assert browser.client.get("/t").status_code == 200
        assert_away(by_program.result())
        by_form.result()
    assert running.count() == before
    assert browser.client.post("/", data=form).status_code == 201
    codes = running.file()
    eventually(lambda: running.recovered(codes), LOADING)
    running.assert_triaged_once(codes)


def _waiting(server: Postgres) -> int:
    """Return how many reports wait for the table of jobs; filing is one statement, of which that is a part."""
    with psycopg.connect(server.url) as other:
        row = other.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO outbox_entry%'"
        ).fetchone()
    return int(row[0]) if row else 0
