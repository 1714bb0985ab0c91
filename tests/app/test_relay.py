"""How far ahead of its workers the relay goes."""

import signal
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app.board import tallies
from app.hotline import Hotline
from app.pages.service import readiness
from app.sealed import vault
from app.triage import outbox
from app.triage import relay as relaying
from app.triage.relay import Relay
from app.triage.worker import open_worker
from app.units import handover
from app.webhooks.courier import Courier
from app.work import bulk
from models.outbox import Heartbeat, OutboxEntry
from models.vocabulary import Status
from tests.app.conftest import Clock, Filed, Road

#: What no driver of a database would be expected to raise; the words would be a citizen's.
WORDS = "Đèn đường tắt"


@pytest.mark.usefixtures("redis")
def test_the_relay_keeps_jobs_ready_for_every_worker_there_is(hotline: Hotline, file: Callable[[], Filed]) -> None:
    many = relaying.QUEUE_DEPTH
    for _ in range(4 * many):
        file()
    relay = Relay(replace(hotline, settings=replace(hotline.settings, batch=1)))
    assert relay.once() == relaying.QUEUE_DEPTH
    assert relay.once() == 0, "what waits longer than its lease would come twice"
    for _ in range(many):
        open_worker(hotline).register_birth()  # type: ignore[no-untyped-call]
    assert relay.once() == relaying.JOBS_A_WORKER * many - relaying.QUEUE_DEPTH


@pytest.mark.usefixtures("redis")
def test_what_fails_in_the_relay_holds_up_nothing_else_and_is_said_without_words(
    hotline: Hotline,
    road: Road,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Injected: three sweeps fail with errors that no database raises. Expected: the others are done, reports too."""
    closing = road.answered()
    clock.forward(days=30)
    road.file()
    relay = Relay(hotline)
    done: list[Hotline] = []
    monkeypatch.setattr(handover, "advance", partial(fail, OverflowError))
    monkeypatch.setattr(bulk, "carry_out", partial(fail, PermissionError))
    monkeypatch.setattr(vault, "sweep", partial(fail, sqlite3.OperationalError))
    monkeypatch.setattr(tallies, "keep", done.append)
    for _ in range(2):
        relay._beaten = relay._tidied = float("-inf")
        relay._safely()
    assert closing.status() is Status.CLOSED
    assert len(done) == 2
    assert relay.queue.count == 1
    with hotline.database.reading() as session:
        assert session.get(Heartbeat, "relay") is not None
    for kind in ("OverflowError", "PermissionError", "OperationalError"):
        assert caplog.text.count(kind) == 1
    assert WORDS not in caplog.text


@pytest.mark.usefixtures("redis")
def test_a_relay_that_gets_no_report_on_is_not_called_alive(
    hotline: Hotline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: each claim fails. Expected: the relay goes on trying, and its beat grows old until one goes well."""
    relay = Relay(hotline)

    def beats() -> bool:
        relay._beaten = float("-inf")
        relay._safely()
        return {check.name: check.ok for check in readiness(hotline)}["relay"]

    assert beats()
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "claim", partial(fail, OverflowError))
        beats()
        clock.forward(minutes=1)
        assert not beats()
        assert not beats()
    beats()
    assert beats()


@pytest.mark.usefixtures("redis")
def test_what_failed_while_more_attempts_were_allowed_is_given_up_and_never_claimed(
    hotline: Hotline, road: Road, clock: Clock
) -> None:
    """Injected: `LANGNGHE_MAX_ATTEMPTS` from 20 to 2 while jobs fail, more than are given up in a round. Expected: each
    goes to a person. If they are claimed, each claim doubles a lease that is without an end already.
    """
    many = 101
    filed = [road.file() for _ in range(many)]
    with hotline.database.transaction() as session:
        for number, entry in enumerate(session.scalars(select(OutboxEntry))):
            entry.attempts = 2 + number % 19
            entry.due_at = clock() + timedelta(seconds=hotline.settings.lease * 2 ** (entry.attempts - 1))
    relay = Relay(replace(hotline, settings=replace(hotline.settings, max_attempts=2)))
    assert relay.once() == 0
    clock.forward(seconds=4 * hotline.settings.lease)  # the longest lease that could be somebody's
    assert [relay.once(), relay.once(), relay.queue.count] == [0, 0, 0]
    assert {report.status() for report in filed} == {Status.NEEDS_REVIEW}


def test_a_relay_whose_loop_breaks_ends_and_takes_its_courier_along(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the process lives on without a relay in it, and nobody starts another."""
    relay = Relay(hotline)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(relay, "once", partial(fail, SystemExit))
    try:
        with pytest.raises(SystemExit):
            relay.run()
        assert "courier" not in {thread.name for thread in threading.enumerate()}
    finally:
        relay._stop.set()


def test_a_courier_goes_on_after_any_error(hotline: Hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    courier = Courier(hotline)
    with monkeypatch.context() as patched:
        patched.setattr(courier, "_look", partial(fail, OSError))
        assert courier._safely() == ()
    assert list(courier._safely()) == []


def fail(kind: type[BaseException], *_: Any, **__: Any) -> None:
    raise kind(WORDS)
