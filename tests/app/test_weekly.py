"""Retraining once a week: asked for once by any number of relays, and only where it is wanted."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rq import Queue

from app.bench.scratch import RedisServer
from app.hotline import Hotline
from app.learning import jobs, weekly
from app.triage import jobs as triage_jobs
from app.triage import queue as triage_queue
from app.triage.relay import Relay
from app.triage.worker import open_worker
from models.vocabulary import Status
from tests.app.conftest import Clock, Road

#: The hours before and after the week turns, Vietnamese time: Sunday 8 March 2026, three in the morning.
SATURDAY_NIGHT = datetime(2026, 3, 7, 19, 59, tzinfo=UTC)
SUNDAY_MORNING = datetime(2026, 3, 7, 20, 0, tzinfo=UTC)


def test_the_week_turns_on_sunday_at_three() -> None:
    saturday, sunday = datetime(2026, 3, 8, 2, 59, tzinfo=UTC), datetime(2026, 3, 8, 3, 0, tzinfo=UTC)
    assert (weekly.week_of(saturday), weekly.week_of(sunday)) == ("2026-W10", "2026-W11")


@pytest.mark.usefixtures("redis")
def test_nothing_retrains_unless_it_is_wanted(hotline: Hotline, clock: Clock) -> None:
    clock.at = SATURDAY_NIGHT
    relays = Relay(hotline), Relay(hotline)
    tidy(*relays)
    clock.at = SUNDAY_MORNING
    tidy(*relays)
    assert asked_for(hotline) == 0


@pytest.mark.usefixtures("redis")
def test_a_week_is_asked_for_once_by_any_number_of_relays(hotline: Hotline, clock: Clock) -> None:
    willing = wanting(hotline)
    relays = Relay(willing), Relay(willing)
    clock.at = SATURDAY_NIGHT
    tidy(*relays)
    assert asked_for(hotline) == 0
    clock.at = SUNDAY_MORNING
    tidy(*relays, *relays)
    assert asked_for(hotline) == 1
    clock.forward(days=20)  # two turns with nobody there are one retraining
    tidy(*relays)
    assert asked_for(hotline) == 2


def test_without_redis_the_tidy_is_done_and_the_week_is_asked_for_later(
    hotline: Hotline, clock: Clock, road: Road, tmp_path: Path
) -> None:
    """Injected: Redis is away when the week turns. Expected: what time alone moves is moved; one retraining later."""
    relay = Relay(wanting(hotline))
    clock.at = SATURDAY_NIGHT
    tidy(relay)
    clock.at = SUNDAY_MORNING - timedelta(days=30)
    filed = road.answered()
    clock.at = SUNDAY_MORNING
    tidy(relay)
    assert filed.status() is Status.CLOSED
    server = RedisServer(tmp_path)
    server.start()
    try:
        tidy(relay, relay)
        assert asked_for(hotline) == 1
    finally:
        server.stop()


def test_too_few_decisions_are_no_failed_job(
    hotline: Hotline, models_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(models_dir, hotline.settings.models)
    monkeypatch.setattr(triage_jobs.bench, "hotline", hotline)
    jobs.retrain()
    assert "not retrained: 0 decisions" in caplog.text


@pytest.mark.usefixtures("redis")
def test_a_worker_that_is_not_for_triage_alone_retrains_when_idle(hotline: Hotline, clock: Clock) -> None:
    relay = Relay(wanting(hotline))
    clock.at = SATURDAY_NIGHT
    tidy(relay)
    clock.at = SUNDAY_MORNING
    tidy(relay)
    assert not open_worker(hotline, [triage_queue.QUEUE]).work(burst=True)
    assert asked_for(hotline) == 1
    worker = open_worker(hotline)
    assert worker.work(burst=True)
    assert asked_for(hotline) == 0
    assert worker.failed_job_count == 0


def wanting(hotline: Hotline) -> Hotline:
    return replace(hotline, settings=replace(hotline.settings, retrain_weekly=True))


def tidy(*relays: Relay) -> None:
    for relay in relays:
        relay._beaten = relay._tidied = float("-inf")
        relay._beat()


def asked_for(hotline: Hotline) -> int:
    queue: Queue = triage_queue.open_queue(hotline.settings, triage_queue.LEARNING)
    return int(queue.count)
