"""Whatever dies at whatever moment, each report is understood exactly once."""

import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import app
from app.database import Database
from app.hotline import Hotline
from app.triage import outbox
from app.triage import queue as triage_queue
from models.vocabulary import Status
from tests.faults.conftest import JOB_POINTS, LEASE, LOADING, Process, Town, eventually
from tests.installation import Filed

RELAY_POINTS = ("relay.after_claim",)


def test_every_fault_point_of_the_program_is_one_that_we_kill_at() -> None:
    """Without this law a new point would stay without its kill."""
    sources = (path.read_text("utf-8") for path in Path(app.__path__[0]).rglob("*.py"))
    named = {point for source in sources for point in re.findall(r'reached\([^)]*?"([^"]+)"', source)}
    assert named == {*JOB_POINTS, *RELAY_POINTS}


@pytest.mark.parametrize("point", JOB_POINTS)
def test_a_job_killed_midway_leaves_one_effect(running: Town, point: str) -> None:
    """Check 1. Injected: kill -9 of the work-horse at each named point. Expected: before the commit no effect, then one
    after the lease; after the commit that one. Exactly one `triaged` event.

    With a commit per effect, apart from `done_at`, the effect is there too early; without a lease it never comes.
    """
    [code] = _stopped_at(running, point)
    assert (running.ticket(code).status is not Status.RECEIVED) == JOB_POINTS[point]
    _kill_work_horses(running)
    running.lift()
    eventually(lambda: running.triaged([code]), LEASE + 10)
    running.assert_triaged_once([code])
    assert (running.entry(code).attempts == 1) == JOB_POINTS[point]
    assert running.worker.poll() is None


@pytest.mark.parametrize("point", RELAY_POINTS)
def test_a_relay_killed_midway_loses_no_claim(running: Town, point: str) -> None:
    """Check 1, for the relay. Injected: kill -9 between claim and queue. Expected: due again after the lease.

    Without a lease (a claim that is for good) the report waits for ever.
    """
    [code] = _stopped_at(running, point)
    running.kill(running.relay)
    running.lift()
    running.revive()
    eventually(lambda: running.triaged([code]), LEASE + 10)
    running.assert_triaged_once([code])
    assert running.entry(code).attempts > 1


def test_a_dead_worker_loses_nothing(running: Town) -> None:
    """Check 2. Injected: kill -9 of a worker with all its processes while 20 jobs run and wait; a fresh one is started.
    Expected: all done within lease + 5 s of its being ready, none twice.

    Left to RQ's own clean-up of dead workers, the job that ran would come back after minutes.
    """
    codes = _stopped_at(running, "job.after_load", 20)
    running.kill(running.worker)
    running.lift()
    running.revive()
    eventually(lambda: running.triaged(codes), LEASE + 5 + LOADING)
    running.assert_triaged_once(codes)


def test_a_deploy_drains(running: Town) -> None:
    """Check 3. Injected: SIGTERM to worker and relay in the middle of their work. Expected: they finish it and exit 0;
    nothing waits for a lease. A second SIGTERM kills, and then it is as after a kill.

    Without the relay's signal handler it dies of the signal, and its claim waits for a lease.
    """
    [first] = _stopped_at(running, "job.after_load")
    running.worker.send_signal(signal.SIGTERM)
    [second] = _stopped_at(running, "relay.after_claim")
    running.relay.send_signal(signal.SIGTERM)
    assert running.worker.poll() is None
    assert running.relay.poll() is None
    running.lift()
    assert running.worker.wait(10) == 0
    assert running.relay.wait(10) == 0
    assert running.kinds(first) == ["received", "triaged"]

    running.order("job.after_load", "block")
    running.revive("worker")
    eventually(lambda: running.reached("job.after_load"), LOADING)
    assert running.entry(second).attempts == 1  # the relay has put it on the queue before it went
    eventually(lambda: _ended_by_another_signal(running.worker), 10)
    assert not running.children(running.worker)
    assert running.ticket(second).status is Status.RECEIVED
    running.lift()
    running.revive()
    eventually(lambda: running.triaged([second]), LEASE + LOADING)
    running.assert_triaged_once([first, second])


def test_eight_deliveries_one_effect(running: Town) -> None:
    """Check 11. Injected: one entry delivered 8 times to 4 workers that all have read it before any writes, beside two
    relays. Expected: one effect, one event, no delivery fails.

    Guarded twice: `lock_undone` waits for the row and passes over what is done, `settle` leaves alone what has moved
    on. With neither all deliveries but one fail at the status table.
    """
    others = [running.spawn("worker") for _ in range(3)]
    relay = running.spawn("relay")
    running.order("job.after_load", "block")
    [code] = running.file()
    queue = triage_queue.open_queue(running.hotline.settings)
    failed = queue.failed_job_registry.count
    for _ in range(8):
        triage_queue.put(queue, [running.entry(code).id], timeout=30)
    workers = [running.worker, *others]
    eventually(lambda: all(running.children(worker) for worker in workers), LOADING)
    running.lift()
    eventually(running.idle, 15)
    running.assert_triaged_once([code])
    assert queue.failed_job_registry.count == failed
    for process in (*others, relay):
        running.kill(process)


def test_two_relays_never_claim_one_entry(hotline: Hotline, file: Callable[..., Filed]) -> None:
    """Check 11. Injected: a relay claims while another has claimed and not committed yet. Expected: it gets the rest.

    Without `FOR UPDATE SKIP LOCKED` on PostgreSQL, or `BEGIN IMMEDIATE` on SQLite, it gets the same ones again.
    """
    for number in range(5):
        file(f"Đèn đường tắt số {number}")
    second: list[int] = []
    database = Database(hotline.settings.database_url)  # of its own, as another process has

    def claim_the_rest() -> None:
        with database.transaction() as session:
            second.extend(entry.id for entry in outbox.claim(session, hotline.now(), lease=60, limit=9, max_attempts=5))

    other = threading.Thread(target=claim_the_rest)
    with hotline.database.transaction() as session:
        first = [entry.id for entry in outbox.claim(session, hotline.now(), lease=60, limit=3, max_attempts=5)]
        session.flush()
        other.start()
        other.join(0.5)  # PostgreSQL passes over what is locked; SQLite has one writer at a time
    other.join()
    database.close()
    assert len(first) == 3
    assert len(second) == 2
    assert not {*first} & {*second}


def _stopped_at(town: Town, point: str, count: int = 1) -> list[str]:
    """File reports and return their codes when a process stands at the point with one of them."""
    town.order(point, "block")
    codes = town.file(count)
    eventually(lambda: town.reached(point), LOADING)
    return codes


def _kill_work_horses(town: Town) -> None:
    horses = town.children(town.worker)
    assert horses
    for horse in horses:
        horse.kill()
    psutil.wait_procs(horses, 10)


def _ended_by_another_signal(process: Process) -> bool:
    """Signal once more; RQ takes a second signal within a second for an echo of the first."""
    process.send_signal(signal.SIGTERM)
    return process.poll() is not None
