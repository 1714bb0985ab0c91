"""A report that breaks its job goes to a person, and takes no other report along."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from itertools import pairwise

import psycopg
from flask.testing import FlaskClient

from models.account import Account
from models.outbox import OutboxEntry
from models.vocabulary import Status
from tests.faults.conftest import LEASE, LOADING, Town, eventually
from tests.installation import Staff
from tests.pages import words

TRIES = 3


def test_a_poison_job_stands_aside(town: Town, staff: Staff, log_in: Callable[[Account], FlaskClient]) -> None:
    """Check 12. Injected, among 50 good reports: (a) one whose job always raises (b) one whose job hangs (c) one whose
    ticket is gone. Expected: the good ones are understood; the bad ones are tried N times with growing pauses, then a
    `needs_human` event says so and the coordinators' page shows it; hanging ends at its time limit; worker and relay
    live on.

    Without going alone after the first failure, a bad report takes its neighbours along until all are given up; without
    `give_up` the bad ones are tried for ever.
    """
    town.environ |= {"LANGNGHE_JOB_TIMEOUT": "2", "LANGNGHE_MAX_ATTEMPTS": str(TRIES)}
    town.revive("serve", "worker")
    eventually(town.answers, LOADING)
    good = town.file(25)
    raises, hangs, gone = bad = town.file(3)
    good += town.file(25)
    town.order("job.after_effect", "raise", town.ticket(raises))
    town.order("job.after_load", "hang", town.ticket(hangs))
    lost = town.entry(gone).id
    _remove_ticket(town, gone)

    town.revive("relay")
    pauses = _Pauses(town, [town.entry(raises).id, town.entry(hangs).id, lost])
    eventually(lambda: pauses.over(TRIES), LEASE * 2**TRIES + LOADING)
    eventually(lambda: town.triaged(good), LOADING)
    town.assert_triaged_once(good)
    pauses.assert_growing()
    for code in (raises, hangs):
        assert town.ticket(code).status is Status.NEEDS_REVIEW
        assert town.kinds(code) == ["received", "needs_human"]
    page = words(log_in(staff.coordinator).get("/review").get_data(as_text=True))
    assert page.count(f"đã thử {TRIES} lần") == len(bad)
    assert town.worker.poll() is None
    assert town.relay.poll() is None


class _Pauses:
    """The pauses between the tries of some jobs, as one sees them who looks often."""

    def __init__(self, town: Town, entry_ids: list[int]) -> None:
        self.town = town
        self.due: dict[int, dict[int, datetime]] = {entry_id: {} for entry_id in entry_ids}

    def over(self, tries: int) -> bool:
        """Look once more; tell whether every job was tried so often and given up."""
        with self.town.hotline.database.reading() as session:
            entries = [session.get_one(OutboxEntry, entry_id) for entry_id in self.due]
        for entry in entries:
            self.due[entry.id].setdefault(entry.attempts, entry.due_at)
        return all(entry.given_up_at is not None and entry.attempts == tries for entry in entries)

    def assert_growing(self) -> None:
        """Fail unless each try was leased for twice as long as the one before it."""
        for seen in self.due.values():
            ends = [seen[tries] for tries in range(1, TRIES + 1)]
            gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(ends)]
            assert all(gap >= LEASE * 2**n for n, gap in enumerate(gaps, 1)), gaps


def _remove_ticket(town: Town, code: str) -> None:
    """Take a ticket away as only somebody can who goes round the foreign keys: half a restore, a hand in the tables."""
    ticket, url = town.ticket(code), town.environ["DATABASE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.partition(":///")[2])) as connection:
            connection.execute("DELETE FROM ticket WHERE id = ?", (ticket.id.hex,))
            connection.commit()
        return
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM ticket WHERE id = %s", (ticket.id,))
