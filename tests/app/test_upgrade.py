"""Part of check 15: what an earlier release kept is there after an upgrade. One stored back-up a schema.

A new one is made whenever a release is: `langnghe backup` of an installation with tickets in every state.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest import FixtureRequest  # noqa: PT013 - a type
from sqlalchemy import func, select

from app import consistency, loading, migration
from app.backup import service
from app.bench import scratch
from app.bench.world import World
from app.hotline import Hotline
from app.sealed import vault
from models.ticket import Ticket, TicketEvent
from models.vocabulary import Status
from tests.conftest import DATABASES

STORED = sorted((Path(__file__).parent / "data").glob("schema-*.backup"))
PASSPHRASE = "mật khẩu của bản thử"
#: Tickets a status in the stored installation.
KEPT = {
    Status.RECEIVED: 1, Status.ROUTED: 3, Status.IN_PROGRESS: 1, Status.INFO_REQUESTED: 1, Status.ANSWERED: 1,
    Status.RETURNED: 1, Status.NEEDS_REVIEW: 1, Status.REJECTED: 1, Status.REFERRED: 1, Status.SEALED: 1,
    Status.REOPENED: 1, Status.CLOSED: 1,
}  # fmt: skip
EVENTS = 41


@pytest.fixture(params=DATABASES)
def empty(request: FixtureRequest, tmp_path: Path) -> Iterator[Hotline]:
    """Return an installation with nothing in it, of both kinds in turn."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'langnghe.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(scratch.database(request.getfixturevalue("server_url")))
        world = World(tmp_path, url)
        yield world.hotline
        world.close()


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
def test_what_an_earlier_release_kept_is_there_after_an_upgrade(empty: Hotline, stored: Path) -> None:
    """Injected: a stored installation of that schema, restored and migrated. Expected: every ticket, lawful."""
    service.restore(empty, stored, PASSPHRASE)
    loading.load(empty)
    assert not migration.pending(empty.database)
    vault.sweep(empty)  # as the relay does: a migration has no key, so what was sealed in clear waits for it
    with empty.database.reading() as session:
        consistency.assert_consistent(session)
        by_status = select(Ticket.status, func.count()).group_by(Ticket.status)
        assert dict(iter(session.execute(by_status))) == KEPT
        assert session.scalar(select(func.count(TicketEvent.id))) == EVENTS
