"""Redis may stop or freeze: citizens do not notice, and nobody guesses passwords meanwhile."""

import os
import signal
import time
from statistics import median, quantiles

from app.triage.queue import REDIS_TIMEOUT
from tests.faults.conftest import LOADING, Browser, Town, eventually

#: Seconds that a busy machine may add to anything.
SLACK = 0.5


def test_intake_does_not_need_redis(running: Town) -> None:
    """Check 4. Injected: Redis stopped, 50 reports posted. Expected: 50 times 201, no slower than with Redis, not
    a line of the log for any of them; Redis back: all are understood.

    With the job put on the queue by the request itself, as is usual, every report is answered with 500.
    """
    codes, seconds = _filed(running, 50)
    normal = _p95(seconds)
    eventually(lambda: running.triaged(codes) and running.idle(), LOADING)
    running.redis.stop()
    before = running.log.stat().st_size
    stranded, seconds = _filed(running, 50)
    assert _p95(seconds) < 1.2 * normal + SLACK
    assert not running.triaged(stranded)
    said = running.log.read_bytes()[before:].decode()
    ours = [line for line in said.splitlines() if " app." in line]
    assert all("app.triage.relay relay waits" in line for line in ours), said  # nothing of any citizen
    assert len(ours) < 5, said
    eventually(lambda: running.recovered(stranded), LOADING)
    running.assert_triaged_once(codes + stranded)


def test_a_frozen_redis(running: Town, browser: Browser) -> None:
    """Check 6. Injected: Redis is stopped in its tracks (SIGSTOP): it takes calls and never answers. Expected: reports
    are filed as ever, by program and by form (the throttle of filing fails open); nobody logs in (that of logging in
    fails closed: 503, within its time limit); afterwards all goes on.

    Without time limits the login hangs; with redis-py's own ten retries it takes half a minute; with a throttle that
    fails open it answers 403 to a wrong password, as often as somebody likes to guess.
    """
    assert browser.log_in("ai-do", "mật khẩu đoán mò").status_code == 403
    os.kill(running.redis.pid, signal.SIGSTOP)
    try:
        codes, seconds = _filed(running, 10)
        assert median(seconds) < REDIS_TIMEOUT
        assert browser.report("Nắp cống vỡ trước cổng trường, trẻ con đi qua nguy hiểm").status_code == 201
        began = time.monotonic()
        refused = browser.log_in("ai-do", "mật khẩu đoán mò")
        assert time.monotonic() - began < REDIS_TIMEOUT + 4 * SLACK
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert not running.triaged(codes)
    finally:
        os.kill(running.redis.pid, signal.SIGCONT)
    assert browser.log_in("ai-do", "mật khẩu đoán mò").status_code == 403
    eventually(lambda: running.recovered(codes), LOADING)
    running.assert_triaged_once(codes)


def _filed(town: Town, count: int) -> tuple[list[str], list[float]]:
    """File so many reports; return their codes and the seconds each took."""
    codes, seconds = [], []
    for _ in range(count):
        began = time.perf_counter()
        codes += town.file()
        seconds.append(time.perf_counter() - began)
    return codes, seconds


def _p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]
