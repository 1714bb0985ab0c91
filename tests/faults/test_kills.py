"""A bad evening: processes die at random while the city reports."""

import random
import uuid
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import httpx
import pytest

from tests.faults.conftest import JOB_POINTS, LEASE, LIGHTS_OUT, LOADING, Town, eventually

KILLS = 10
REPORTS_A_KILL = 20
KINDS = ("serve", "relay", "worker", "redis")
PATIENCE = LEASE * 2**4 + LOADING


@pytest.fixture
def seed() -> int:
    """Return what chance begins with; pytest shows it when the test fails."""
    return random.randrange(1_000_000)


@pytest.mark.timeout(300)
def test_ten_kills_lose_nothing_and_double_nothing(running: Town, seed: int) -> None:
    """Injected: ten times kill -9 of web, relay, worker or Redis in random order, each time in the midst of a job and
    of 20 citizens filing, who try again as any client does; what has died is started anew. Expected: each of the 200
    reports is one ticket that its code opens, understood once.

    Without leases some are never understood; without idempotency keys some are two tickets, by chance.
    """
    chance = random.Random(seed)
    victims = [*KINDS, *KINDS, *chance.choices(KINDS, k=KILLS - 2 * len(KINDS))]
    chance.shuffle(victims)
    before = running.count()
    codes = [code for victim in victims for code in _filed_under_a_blow(running, victim, chance)]
    eventually(lambda: running.recovered(codes), PATIENCE)
    assert running.count() == before + len(codes) == before + KILLS * REPORTS_A_KILL
    running.assert_triaged_once(codes)
    eventually(running.answers, LOADING)  # the last to die may have been the web process
    for code in codes[::REPORTS_A_KILL]:
        assert running.client.post("/api/v1/track", json={"code": code}).status_code == 200


def _filed_under_a_blow(town: Town, victim: str, chance: random.Random) -> list[str]:
    """Let citizens file while one process dies with all that it started; return their codes once the town is well."""
    point = chance.choice([*JOB_POINTS])
    if victim != "serve":
        town.order(point, "block")
    with ThreadPoolExecutor(REPORTS_A_KILL) as pool:
        filing = [pool.submit(_insist, town, f"{LIGHTS_OUT} {n}") for n in range(REPORTS_A_KILL)]
        wait(filing, LOADING, FIRST_COMPLETED)
        if victim != "serve":
            eventually(lambda: town.reached(point), LOADING)
        if victim == "redis":
            town.redis.stop()
        else:
            town.kill(town.managed(victim))
        town.lift()
        eventually(lambda: town.recovered([]) and all(one.done() for one in filing), PATIENCE)
        codes = [one.result() for one in filing]
    eventually(lambda: town.recovered(codes[-1:]), PATIENCE)
    return codes


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

    eventually(tried, PATIENCE)
    return str(accepted[0].json()["code"])
