"""A whole installation of real processes, on both databases, quick to lease and quick to look again."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app.bench.world import World
from app.consistency import assert_consistent
from models.code import code_hash, normalised
from models.ticket import Ticket
from models.vocabulary import Status

#: Seconds; `LANGNGHE_LEASE` of every process here.
LEASE = 2.0
LIGHTS_OUT = "Đèn đường tắt cả tuần nay, trụ đèn nghiêng, chỗ này tối thui"


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
    """A world with shortcuts: file over HTTP, read a ticket by its code."""

    def file(self, count: int = 1, text: str = LIGHTS_OUT) -> list[str]:
        """File so many reports over HTTP and return their codes."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            answers = [
                client.post(
                    "/api/v1/reports", json={"text": f"{text} {n}"}, headers={"Idempotency-Key": uuid.uuid4().hex}
                )
                for n in range(count)
            ]
        assert {answer.status_code for answer in answers} == {201}
        return [str(answer.json()["code"]) for answer in answers]

    def ticket(self, code: str) -> Ticket:
        """Return a report's ticket as the database has it now, with its events."""
        digest = code_hash(self.hotline.keys.codes, normalised(code) or "")
        with self.hotline.database.reading() as session:
            ticket = session.scalars(select(Ticket).where(Ticket.code_hash == digest)).one()
            _ = ticket.events
            return ticket

    def triaged(self, codes: list[str]) -> bool:
        """Tell whether every report has left `received`."""
        return all(self.ticket(code).status is not Status.RECEIVED for code in codes)

    def assert_consistent(self) -> None:
        """Fail naming every law that a ticket breaks."""
        with self.hotline.database.reading() as session:
            assert_consistent(session)


@pytest.fixture
def town(database_url: str, tmp_path: Path, models_dir: Path) -> Iterator[Town]:
    """Return a prepared installation, nothing of it started: `town.redis.start()`, `town.serve()`, `town.spawn(…)`."""
    faults = tmp_path / "faults"
    faults.mkdir()
    made = Town(
        tmp_path,
        database_url,
        {
            "LANGNGHE_LEASE": str(LEASE),
            "LANGNGHE_RELAY_EVERY": "0.2",
            "LANGNGHE_JOB_TIMEOUT": "10",
            "LANGNGHE_FAULT_DIR": str(faults),
        },
    )
    (tmp_path / "models").symlink_to(models_dir)
    yield made
    made.close()
