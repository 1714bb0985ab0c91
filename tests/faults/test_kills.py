"""A bad evening: processes die at random while the city reports."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import psutil
import pytest

from tests.faults.conftest import LEASE, LIGHTS_OUT, LOADING, Town, eventually

KILLS = 10
REPORTS_A_KILL = 20
KINDS = ("serve", "relay", "worker", "redis")


@pytest.fixture
def seed() -> int:
    """Return what chance begins with; pytest shows it when the test fails."""
    return random.randrange(1_000_000)


@pytest.mark.timeout(300)
def test_ten_kills_lose_nothing_and_double_nothing(running: Town, seed: int) -> None:
    """Injected: ten times kill -9 of a random process of web, relay, worker and Redis, each time in the midst of work
    and of 20 citizens filing, who try again as any client does; what has died is started anew. Expected: each of the
    200 reports is one ticket that its code opens, understood once.

    Without idempotency keys there are more tickets than reports; without leases some are never understood; without
    `done_at` in the commit of the effect some are understood twice.
    """
    chance = random.Random(seed)
    victims = [*KINDS, *KINDS, *chance.choices(KINDS, k=KILLS - 2 * len(KINDS))]
    chance.shuffle(victims)
    before = running.count()
    codes = [code for victim in victims for code in _filed_under_a_blow(running, victim, chance)]
    eventually(lambda: running.recovered(codes), LEASE * 2**4 + LOADING)
    assert running.count() == before + len(codes) == before + KILLS * REPORTS_A_KILL
    running.assert_triaged_once(codes)
    for code in codes[::REPORTS_A_KILL]:
        assert running.client.post("/api/v1/track", json={"code": code}).status_code == 200


def _filed_under_a_blow(town: Town, victim: str, chance: random.Random) -> list[str]:
    """Let citizens file while one process dies; return their codes once the whole town is at work again."""
    with ThreadPoolExecutor(REPORTS_A_KILL) as pool:
        filing = [pool.submit(_insist, town, f"{LIGHTS_OUT} {n}") for n in range(REPORTS_A_KILL)]
        eventually(lambda: any(one.done() for one in filing), LOADING)
        _kill_one(town, victim, chance)
        town.revive()
        codes = [one.result() for one in filing]
    eventually(lambda: town.recovered(codes[-1:]), LEASE * 2**4 + LOADING)
    return codes


def _kill_one(town: Town, kind: str, chance: random.Random) -> None:
    """Kill one process of a kind: the one that was started, or one that it has started."""
    if kind == "redis":
        town.redis.stop()
        return
    main = town.managed(kind)
    with suppress(psutil.NoSuchProcess):  # it may be dying already, of the blow before
        victim = chance.choice([psutil.Process(main.pid), *town.children(main)])
        victim.kill()
        victim.wait(10)


def _insist(town: Town, text: str) -> str:
    """File a report as a patient client does: under one key until it is accepted. Return its code."""
    key = uuid.uuid4().hex
    accepted: list[httpx.Response] = []

    def tried() -> bool:
        try:
            answer = town.post(text, key)
        except httpx.TransportError:
            return False
        if answer.status_code == 503:
            return False
        accepted.append(answer.raise_for_status())
        return True

    eventually(tried, 60)
    return str(accepted[0].json()["code"])
