"""Whole installations of real processes, on both databases, quick to lease and quick to look again."""

import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import unescape
from pathlib import Path

import httpx
import pytest
from pytest import FixtureRequest, TempPathFactory  # noqa: PT013 - types
from sqlalchemy import func, select

from app.bench.world import World
from app.consistency import assert_consistent
from app.triage import queue as triage_queue
from models.code import code_hash, normalised
from models.outbox import OutboxEntry
from models.ticket import Ticket
from models.vocabulary import Status
from tests.conftest import DATABASES, prepared_database
from tests.pages import hidden

#: Seconds; `LANGNGHE_LEASE` of every process here.
LEASE = 2.0
#: Seconds that a worker may take to load its model and set to work, on a machine that is busy with other things.
LOADING = 40.0
#: Where a work-horse may be killed, and whether its effect is there by then.
JOB_POINTS = {"job.after_load": False, "job.after_effect": False, "job.before_commit": False, "job.after_commit": True}
LIGHTS_OUT = "Đèn đường tắt cả tuần nay, trụ đèn nghiêng, chỗ này tối thui"

Process = subprocess.Popen[bytes]


def eventually(claim: Callable[[], object], within: float) -> None:
    """Wait until a claim is true; fail with what it last returned or raised."""
    deadline = time.monotonic() + within
    while True:
        try:
            last: object = claim()
        except AssertionError as error:
            last = error
        if last and not isinstance(last, AssertionError):
            return
        assert time.monotonic() < deadline, f"not within {within} s: {last!r}"
        time.sleep(0.05)


class Town(World):
    """A world with its process manager in the test's hands, faults to order, and shortcuts to file and to read."""

    def __init__(self, folder: Path, database_url: str, models: Path, **extra: str) -> None:
        """Describe the town; `revive` brings it to life."""
        self.faults = folder / "faults"
        self.faults.mkdir()
        super().__init__(
            folder,
            database_url,
            {
                "LANGNGHE_LEASE": str(LEASE),
                "LANGNGHE_RELAY_EVERY": "0.2",
                "LANGNGHE_JOB_TIMEOUT": "10",
                "LANGNGHE_FAULT_DIR": str(self.faults),
                **extra,
            },
        )
        (folder / "models").symlink_to(models)
        self.client = httpx.Client(base_url=self.url, timeout=30)
        self._managed: dict[str, Process] = {}
        self._workers: list[Process] = []

    def managed(self, program: str) -> Process:
        """Return the process of a program that the process manager started last."""
        return self._managed[program]

    @property
    def worker(self) -> Process:
        """The worker."""
        return self.managed("worker")

    @property
    def relay(self) -> Process:
        """The relay."""
        return self.managed("relay")

    @property
    def web(self) -> Process:
        """The web process."""
        return self.managed("serve")

    def revive(self, *programs: str) -> None:
        """Start whatever of Redis and these programs (all of them if none is named) does not run."""
        if not self.redis.running:
            self.redis.stop()  # its socket may still lie there
            self.redis.start()
        for program in programs or ("worker", "relay", "serve"):
            process = self._managed.get(program)
            if process is None or process.poll() is not None:
                self._managed[program] = self.spawn(program)

    def spawn(self, *arguments: str, module: str = "app.cli", **extra: str) -> Process:
        """Start a process of this installation, in a session of its own."""
        process = super().spawn(*arguments, module=module, **extra)
        if arguments == ("worker",):
            self._workers.append(process)
        return process

    def answers(self) -> bool:
        """Tell whether the web process answers."""
        try:
            return self.client.get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    def order(self, point: str, what: str, ticket: Ticket | None = None) -> None:
        """Order what happens at a fault point, from now on, to this ticket or to all."""
        (self.faults / f"{point}.reached").unlink(missing_ok=True)
        file = self.faults / f"{point}.new"
        file.write_text(what if ticket is None else f"{what} {ticket.id}")
        file.rename(self.faults / point)

    def reached(self, point: str) -> bool:
        """Tell whether a process has come to an ordered fault."""
        return (self.faults / f"{point}.reached").exists()

    def lift(self) -> None:
        """Take back every order; whoever is blocked goes on."""
        for file in self.faults.iterdir():
            file.unlink(missing_ok=True)

    def post(self, text: str, key: str | None = None) -> httpx.Response:
        """File a report over the API, under a key of its own unless one is given."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.client.post("/api/v1/reports", json={"text": text}, headers=headers)

    def file(self, count: int = 1, text: str = LIGHTS_OUT) -> list[str]:
        """File so many reports over HTTP and return their codes."""
        answers = [self.post(f"{text} {n}") for n in range(count)]
        assert {answer.status_code for answer in answers} == {201}
        return [str(answer.json()["code"]) for answer in answers]

    def ticket(self, code: str) -> Ticket:
        """Return a report's ticket as the database has it now, with its events."""
        with self.hotline.database.reading() as session:
            ticket = session.scalars(select(Ticket).where(Ticket.code_hash == self._hash(code))).one()
            _ = ticket.events
            return ticket

    def _hash(self, code: str) -> str:
        return code_hash(self.hotline.keys.codes, normalised(code) or "")

    def kinds(self, code: str) -> list[str]:
        """Return the kinds of a report's events, oldest first."""
        return [event.kind for event in self.ticket(code).events]

    def entry(self, code: str) -> OutboxEntry:
        """Return the job that is, or was, owed for a report."""
        ticket = self.ticket(code)
        with self.hotline.database.reading() as session:
            return session.scalars(select(OutboxEntry).where(OutboxEntry.ticket_id == ticket.id)).one()

    def count(self) -> int:
        """Return how many tickets there are."""
        with self.hotline.database.reading() as session:
            return session.scalar(select(func.count(Ticket.id))) or 0

    def triaged(self, codes: Iterable[str]) -> bool:
        """Tell whether every report has left `received`."""
        hashes = [self._hash(code) for code in codes]
        moved_on = select(func.count(Ticket.id)).where(Ticket.code_hash.in_(hashes), Ticket.status != Status.RECEIVED)
        with self.hotline.database.reading() as session:
            return session.scalar(moved_on) == len(hashes)

    def recovered(self, codes: Iterable[str]) -> bool:
        """Tell the same, starting anew what has ended, as the process manager does all the time."""
        self.revive()
        return self.triaged(codes)

    def idle(self) -> bool:
        """Tell whether nothing is owed, nothing waits in the queue, and no work-horse runs."""
        owed = select(func.count(OutboxEntry.id)).where(
            OutboxEntry.done_at.is_(None), OutboxEntry.given_up_at.is_(None)
        )
        with self.hotline.database.reading() as session:
            if session.scalar(owed):
                return False
        waiting = triage_queue.open_queue(self.hotline.settings).count
        return waiting == 0 and not any(self.children(worker) for worker in self._workers)

    def assert_triaged_once(self, codes: Iterable[str]) -> None:
        """Fail unless each of the reports was understood once, and every law holds for all."""
        for code in codes:
            assert self.kinds(code) == ["received", "triaged"]
        self.assert_consistent()

    def assert_consistent(self) -> None:
        """Fail naming every law that a ticket breaks."""
        with self.hotline.database.reading() as session:
            assert_consistent(session)

    def close(self) -> None:
        """Kill what still runs."""
        self.client.close()
        super().close()


class Browser:
    """A person at a page, over HTTP, with cookies."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30)

    def post(self, page: str, fields: Mapping[str, str], token: str) -> httpx.Response:
        """Open a page and post its form, with the hidden field `token` that it carries."""
        shown = self.client.get(page).text
        return self.client.post(page, data={token: hidden(shown, token), **fields})

    def report(self, text: str) -> httpx.Response:
        """File a report by the form."""
        return self.post("/", {"text": text}, "form_token")

    def log_in(self, username: str, password: str) -> httpx.Response:
        """Try to log in."""
        return self.post("/accounts/login", {"username": username, "password": password}, "csrf_token")


def assert_away(answer: httpx.Response) -> None:
    """Fail unless an answer says that what stores is away and when to try again, and nothing of why."""
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Traceback" not in answer.text
    assert "sqlalchemy" not in answer.text.lower()


def assert_words_kept(browser: Browser, form: Mapping[str, str]) -> None:
    """Fail unless a form that cannot be taken now comes back with the citizen's words and its token."""
    answer = browser.client.post("/", data=form)
    assert_away(answer)
    assert f">{form['text']}</textarea>" in unescape(answer.text)
    assert hidden(answer.text, "form_token") == form["form_token"]


@pytest.fixture
def town(database_url: str, tmp_path: Path, models_dir: Path) -> Iterator[Town]:
    """Return a prepared installation of this test's own, nothing of it started."""
    made = Town(tmp_path, database_url, models_dir)
    yield made
    made.close()


@pytest.fixture(scope="package", params=DATABASES)
def shared_town(request: FixtureRequest, tmp_path_factory: TempPathFactory, models_dir: Path) -> Iterator[Town]:
    """Return one installation for many tests, since processes are slow to start. Tests take it as `running`."""
    folder = tmp_path_factory.mktemp("town")
    with prepared_database(request, folder) as url:
        made = Town(folder, url, models_dir)
        yield made
        made.close()


@pytest.fixture
def running(shared_town: Town) -> Iterator[Town]:
    """Return the shared installation with everything running and nothing left to do, whatever was done to it before."""
    shared_town.revive()
    eventually(shared_town.answers, LOADING)
    eventually(lambda: shared_town.recovered([]) and shared_town.idle(), LEASE * 2**4 + LOADING)
    yield shared_town
    shared_town.lift()


@pytest.fixture
def browser(running: Town) -> Iterator[Browser]:
    """Return a browser in front of the shared installation."""
    made = Browser(running.url)
    yield made
    made.client.close()
