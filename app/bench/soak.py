"""`langnghe soak`: filing, working and reading at once while processes are killed at random; nothing may be lost.

One installation of its own in a temporary folder (or on the database named), with web, relay, two workers and Redis;
whatever is killed is started again, as the process manager does. Everything goes over HTTP.
"""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles
from subprocess import Popen
from typing import Any, Final

import httpx
import psutil
from sqlalchemy import func, select

from app.accounts import service as accounts
from app.accounts import tokens as access_tokens
from app.accounts.service import NewAccount
from app.accounts.tokens import NewToken
from app.bench.world import World, world
from app.consistency import violations
from models.code import code_hash, normalised
from models.outbox import OutboxEntry
from models.ticket import Ticket
from models.vocabulary import Role

FILERS: Final = 4
READERS: Final = 2
#: Programs of the installation; the number says how many run.
PROGRAMS: Final = {"serve": 1, "relay": 1, "worker": 2}
#: Seconds between two kills, at least and at most.
KILL_EVERY: Final = (2.0, 6.0)
#: Seconds in which all that is owed must be done once the killing ends.
PATIENCE: Final = 180.0
#: One report in so many is sent a second time after its answer, as by a nervous finger.
REPEATED: Final = 10
#: A lease that fits a test of minutes.
SETTINGS: Final = {"LANGNGHE_LEASE": "5", "LANGNGHE_JOB_TIMEOUT": "5", "LANGNGHE_MAX_ATTEMPTS": "20"}


_OWED: Final = select(func.count(OutboxEntry.id)).where(
    OutboxEntry.done_at.is_(None), OutboxEntry.given_up_at.is_(None)
)


@dataclass
class Seen:
    """What the clients of a soak saw; `codes` has each acknowledged report's code by its key."""

    codes: dict[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    changed: int = 0
    missing: int = 0
    latencies: list[float] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Outcome:
    """What a soak found: reports filed, lost, doubled, and the laws that are broken."""

    filed: int
    lost: int
    doubled: int
    broken: Sequence[str]

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.doubled or self.broken)


def run(
    seconds: float, models: Path, texts: Sequence[str], say: Callable[[str], object], database_url: str | None = None
) -> Outcome:
    """Soak for so many seconds and tell what came of it. `models` is a folder with a model in service."""
    with world(database_url, **SETTINGS) as made:
        made.prepare(models)
        soak = _Soak(made, texts)
        with soak.running():
            time.sleep(seconds)
        soak.settle()
        outcome = soak.outcome()
        _tell(outcome, soak.seen, say)
        return outcome


def _tell(outcome: Outcome, seen: Seen, say: Callable[[str], object]) -> None:
    say(f"filed   {outcome.filed}, lost {outcome.lost}, doubled {outcome.doubled}")
    if len(seen.latencies) > 1:
        steps = quantiles(seen.latencies, n=100)
        p50, p95, p99 = (1e3 * steps[k] for k in (49, 94, 98))
        say(f"filing  p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, waiting for what was killed included")
    say("killed  " + ", ".join(f"{name} {number}" for name, number in sorted(seen.kills.items())))
    say("worked  " + ", ".join(f"{name} {number}" for name, number in sorted(seen.steps.items())))
    for law in outcome.broken:
        say(f"BROKEN  {law}")


class _Soak:
    def __init__(self, made: World, texts: Sequence[str]) -> None:
        self.made = made
        self.texts = texts
        self.seen = Seen()
        self._stop = threading.Event()
        self._processes: dict[str, Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._dice = random.Random()  # noqa: S311 - chooses whom to kill, keeps no secret

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep everything going until the block ends; then nobody files or kills any more."""
        self._revive()
        tokens = self._staff()
        jobs: list[Callable[[], None]] = [self._file] * FILERS + [self._read] * READERS + [self._kill]
        jobs += [partial(self._work, token) for token in tokens]
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            deadline = time.monotonic() + PATIENCE
            while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
                self._revive()
                time.sleep(0.2)

    def settle(self) -> None:
        """Wait until nothing is owed any more, starting anew what has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._revive()
            with self.made.hotline.database.reading() as session:
                if not session.scalar(_OWED):
                    return
            time.sleep(0.2)

    def outcome(self) -> Outcome:
        """Compare what was acknowledged with what is there."""
        key = self.made.hotline.keys.codes
        acknowledged = {code_hash(key, normalised(code) or "") for code in self.seen.codes.values()}
        with self.made.hotline.database.reading() as session:
            there = set(session.scalars(select(Ticket.code_hash)))
            broken = violations(session)
            if session.scalar(_OWED):
                broken.append(f"after {PATIENCE:.0f} s jobs are still owed")
        lost = len(acknowledged - there) + self.seen.missing
        # One key is one report; a key that got no answer before the end may have left its report or not.
        doubled = max(0, len(there) - len(self.seen.keys)) + self.seen.changed
        return Outcome(len(acknowledged), lost, doubled, broken)

    def _revive(self) -> None:
        with self._lock:
            if not self.made.redis.running:
                self.made.redis.stop()  # its socket may still lie there
                self.made.redis.start()
            for program, number in PROGRAMS.items():
                for place in range(number):
                    process = self._processes.get(f"{program} {place}")
                    if process is None or process.poll() is not None:
                        self._processes[f"{program} {place}"] = self.made.spawn(program)

    def _staff(self) -> list[str]:
        """Make a coordinator and a handler of each unit that gets much, and return their tokens."""
        city = self.made.hotline.city
        units = [unit for unit in city.departments if unit != city.coordinator][:6]
        tokens = []
        with self.made.hotline.database.transaction() as session:
            people = [(Role.COORDINATOR, None), *((Role.HANDLER, unit) for unit in units)]
            for number, (role, unit) in enumerate(people):
                new = NewAccount(f"soak-{number}", f"Soak {number}", role, unit, cleared=False)
                account = accounts.create(session, self.made.hotline.now(), new)
                tokens.append(access_tokens.new_token(self.made.hotline, session, account, NewToken("soak")))
        return tokens

    def _file(self) -> None:
        dice = random.Random()  # noqa: S311 - as above
        while not self._stop.is_set():
            key = uuid.uuid4().hex
            report = {"text": dice.choice(self.texts), "place_text": "phường 12 quận 10"}
            self.seen.keys.add(key)
            began = time.perf_counter()
            code = self._insist(report, key)
            self.seen.latencies.append(time.perf_counter() - began)
            if code is None:
                continue
            self.seen.codes[key] = code
            if dice.randrange(REPEATED) == 0 and self._insist(report, key) not in {code, None}:
                self.seen.changed += 1

    def _insist(self, report: dict[str, str], key: str) -> str | None:
        """File with one key until there is an answer; None if there was none in time."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self._ask("POST", "/api/v1/reports", report, {"Idempotency-Key": key})
            if answer is not None and answer.status_code == 201:
                return str(answer.json()["code"])
            time.sleep(0.1)
        return None

    def _read(self) -> None:
        dice = random.Random()  # noqa: S311 - as above
        while not self._stop.wait(0.05):
            codes = list(self.seen.codes.values())
            if codes:
                answer = self._ask("POST", "/api/v1/track", {"code": dice.choice(codes)})
                self.seen.missing += answer is not None and answer.status_code == 404
                self.seen.steps["tracked"] += answer is not None and answer.status_code == 200

    def _work(self, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        while not self._stop.wait(0.2):
            for queue in ("/api/v1/review", "/api/v1/tickets"):
                listed = self._ask("GET", queue, None, headers)
                for ticket in listed.json()["tickets"][:3] if listed is not None and listed.status_code == 200 else ():
                    self._step(ticket["id"], headers)

    def _step(self, ticket_id: str, headers: dict[str, str]) -> None:
        found = self._ask("GET", f"/api/v1/tickets/{ticket_id}", None, headers)
        if found is None or found.status_code != 200:
            return
        ticket: dict[str, Any] = found.json()
        step, body = _next_step(ticket, next(iter(self.made.hotline.city.departments)))
        if step is not None:
            path = f"/api/v1/tickets/{ticket_id}/{step}"
            done = self._ask("POST", path, {"version": ticket["version"], **body}, headers)
            self.seen.steps[step] += done is not None and done.status_code in {200, 204}

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None
    ) -> httpx.Response | None:
        with suppress(httpx.HTTPError):
            return httpx.request(method, self.made.url + path, json=body, headers=headers, timeout=20)
        return None

    def _kill(self) -> None:
        while not self._stop.wait(self._dice.uniform(*KILL_EVERY)):
            with self._lock:
                name = self._dice.choice(["redis", *self._processes])
                self.seen.kills[name.partition(" ")[0]] += 1
                if name == "redis":
                    psutil.Process(self.made.redis.pid).kill()
                else:
                    self._shoot(self._processes[name])
            self._revive()

    def _shoot(self, process: "Popen[bytes]") -> None:
        """Kill a process, or only one that it has started."""
        children = self.made.children(process)
        victim = self._dice.choice([None, *children])
        with suppress(psutil.NoSuchProcess):
            if victim is None:
                self.made.kill(process)
            else:
                victim.kill()


def _next_step(ticket: dict[str, Any], somewhere: str) -> tuple[str | None, dict[str, Any]]:
    """Return what a person might do next with a ticket as it stands."""
    if ticket["status"] in {"needs_review", "returned"}:
        return "route", {"topic_slug": "street-lighting", "department_id": somewhere}
    if "accept" in ticket["actions"]:
        return "accept", {}
    if "answer" in ticket["actions"]:
        return "answer", {"public_text": "Đã xử lý xong, cảm ơn bạn."}
    return None, {}
