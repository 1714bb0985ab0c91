"""What stores is full, or may only be read: nobody loses a word, and all goes on afterwards."""

import resource
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import psutil
import psycopg
import pytest
from psycopg import sql
from redis import Redis

from tests.faults.conftest import LOADING, Browser, Town, assert_away, assert_words_kept, eventually
from tests.pages import hidden

WORDS = "Nắp cống mất trước nhà số 12, tối không thấy đường <coi giùm>"
UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize("shared_town", ["sqlite"], indirect=True)
def test_a_disk_that_is_full(running: Town, browser: Browser) -> None:
    """Check 7, full disk. Injected: the web process may not make any file longer (SQLite cannot write its journal).
    Expected: 503 with Retry-After, by form the page with the citizen's words; pages are read as ever; nothing half
    stored; with room again all goes on.

    With the error of a full disk not counted as being away both answers are a 500.
    """
    code = running.file()[0]
    _assert_nothing_lost_while(_no_room(running), running, browser, code)


@pytest.mark.parametrize("shared_town", ["postgresql"], indirect=True)
def test_a_database_that_may_only_be_read(running: Town, browser: Browser) -> None:
    """Check 7, read-only. Injected: every connection finds a database that may only be read, as after a switch to a
    standby. Expected: 503 with Retry-After, by form the page with the citizen's words; codes open as ever; when it may
    be written again all goes on.

    PostgreSQL reports this as an internal error: counted as one of ours both answers are a 500.
    """
    code = running.file()[0]
    eventually(lambda: running.triaged([code]) and running.idle(), LOADING)
    _assert_nothing_lost_while(_read_only(running), running, browser, code)


def test_a_full_redis(running: Town, browser: Browser) -> None:
    """Check 6, full. Injected: Redis has no memory left for a new key. Expected: reports are filed as ever, nobody logs
    in meanwhile (503), no relay gives up; with room again every report is understood once.

    With the relay's round not made safe against Redis it ends at the first job and is started again for ever.
    """
    with closing(Redis(unix_socket_path=str(running.redis.socket))) as redis:
        redis.config_set("maxmemory", 1)
        relay = running.relay
        codes = running.file(5)
        assert browser.log_in("ai-do", "mật khẩu đoán mò").status_code == 503
        assert relay.poll() is None
        assert not running.triaged(codes)
        redis.config_set("maxmemory", 0)
    eventually(lambda: running.recovered(codes), LOADING)
    running.assert_triaged_once(codes)


def _assert_nothing_lost_while(
    nothing_is_stored: AbstractContextManager[None], running: Town, browser: Browser, code: str
) -> None:
    """Fail unless what is sent meanwhile is refused with its words kept, `code` opens, and all goes on afterwards."""
    before = running.count()
    form = {"form_token": hidden(browser.client.get("/").text, "form_token"), "text": WORDS}
    with nothing_is_stored:
        assert_away(running.post(WORDS))
        assert_words_kept(browser, form)
        assert running.client.post("/api/v1/track", json={"code": code}).status_code == 200
    assert running.count() == before
    assert browser.client.post("/", data=form).status_code == 201
    codes = running.file()
    eventually(lambda: running.recovered(codes), LOADING)
    running.assert_triaged_once(codes)


@contextmanager
def _no_room(town: Town) -> Iterator[None]:
    """Forbid the web processes to write beyond the first block of any file."""
    processes = [psutil.Process(town.web.pid), *psutil.Process(town.web.pid).children()]
    for process in processes:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (512, UNLIMITED))
    try:
        yield
    finally:
        for process in processes:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


@contextmanager
def _read_only(town: Town) -> Iterator[None]:
    url = town.hotline.settings.database_url.replace("+psycopg", "")
    with closing(psycopg.connect(url, autocommit=True)) as other:
        name = sql.Identifier(other.info.dbname)

        def let_write(*, may: bool) -> None:
            value = sql.SQL("off" if may else "on")
            other.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(name, value))
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        let_write(may=False)
        try:
            yield
        finally:
            other.execute("SET default_transaction_read_only = off")
            let_write(may=True)
