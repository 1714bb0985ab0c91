"""Part of check 15: what an earlier release kept is there after an upgrade. One stored back-up a schema.

A new one is made whenever a release is, by `python -m tests.app.stored_release`: everything in it was used once.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest import FixtureRequest  # noqa: PT013 - a type
from sqlalchemy import func, select

from app import consistency, loading, migration
from app.accounts import service as accounts
from app.backup import service
from app.bench import scratch
from app.bench.world import World
from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.persons import reveal
from app.sealed import service as sealed
from app.sealed import vault
from app.tracking import service as tracking
from app.triage import jobs
from app.web import create_app
from app.work import service as work
from app.work.service import Step
from classifier.predict import Classifier
from models.account import Account
from models.outbox import OutboxEntry
from models.tables import Base
from models.ticket import Ticket, TicketEvent
from models.vocabulary import Channel, Status
from tests.app.stored_release import PASSPHRASE
from tests.conftest import DATABASES
from tests.installation import LIGHTS_OUT, PASSWORD, browser_of

STORED = sorted((Path(__file__).parent / "data").glob("schema-*.backup"))
#: The oldest is from before anything of this was written down: tickets a status, and events.
OLDEST = "schema-0001"
KEPT = {
    Status.RECEIVED: 1, Status.ROUTED: 3, Status.IN_PROGRESS: 1, Status.INFO_REQUESTED: 1, Status.ANSWERED: 1,
    Status.RETURNED: 1, Status.NEEDS_REVIEW: 1, Status.REJECTED: 1, Status.REFERRED: 1, Status.SEALED: 1,
    Status.REOPENED: 1, Status.CLOSED: 1,
}  # fmt: skip
EVENTS = 41
#: Of which a release that comes up may make more, or anew: the city's facts, counts of other rows, what waits for keys.
GROWS = {
    "topic", "submission_type", "ward", "legacy_ward", "legacy_successor", "department", "department_change", "article",
    "loaded_rules", "tally", "tally_due", "audit_event",
}  # fmt: skip


#: What people of the stored installation look at.
PAGES = {
    "to-den": ("/work", "/work/parts", "/accounts/me"),
    "truong-den": ("/work", "/board", "/notices"),
    "dieu-phoi": ("/review", "/sealed", "/returns", "/board"),
    "ban-truc": ("/desk", "/desk/callbacks"),
    "quan-tri": ("/admin", "/admin/webhooks", "/admin/units", "/admin/accounts"),
    "giam-sat": ("/audit", "/board"),
}
WHY = "Thanh tra xem lại hồ sơ."


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
    """Injected: a stored installation of that schema, restored and migrated. Expected: every row of every table that
    there still is, every photo, and all of it lawful.
    """
    kept = service.restore(empty, stored, PASSPHRASE)
    loading.load(empty)
    assert not migration.pending(empty.database)
    vault.sweep(empty)  # as the relay does: a migration has no key, so what was sealed in clear waits for it
    with empty.database.reading() as session:
        consistency.assert_consistent(session)
        there = {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }
        if stored.stem == OLDEST:
            by_status = select(Ticket.status, func.count()).group_by(Ticket.status)
            assert dict(iter(session.execute(by_status))) == KEPT
            assert session.scalar(select(func.count(TicketEvent.id))) == EVENTS
    for name in kept.rows.keys() & there.keys():
        if name in GROWS:
            assert there[name] >= kept.rows[name], name
        else:
            assert there[name] == kept.rows[name], name
    assert sum(path.is_file() for path in empty.settings.attachments.rglob("*")) >= there["attachment"]


@pytest.mark.parametrize("stored", [path for path in STORED if path.stem != OLDEST], ids=lambda path: path.stem)
def test_an_installation_works_on_after_an_upgrade(
    empty: Hotline, stored: Path, small_classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Injected: the same. Expected: codes open, people get in by their passwords and see and do what they did before,
    what was sealed is read by who may, contacts can be reached, and new reports find their way.
    """
    codes = json.loads(stored.with_suffix(".json").read_text("utf-8"))["codes"]
    service.restore(empty, stored, PASSPHRASE)
    loading.load(empty)
    app = create_app(empty)
    citizen = app.test_client()
    assert tracking.track(empty, codes["answered"]).status is Status.CLOSED
    assert tracking.track(empty, codes["waiting"]).text
    assert tracking.track(empty, codes["sealed"]).sealed
    for page in ("/", "/t", "/ban-do", "/hoi-dap"):
        assert citizen.get(page).status_code == 200, page
    with empty.database.reading() as session:
        people = {account.username: account for account in session.scalars(select(Account))}
        assert accounts.authenticate(session, "to-den", PASSWORD) is not None
    for name, pages in PAGES.items():
        browser = browser_of(app, empty, people[name])
        for page in pages:
            assert browser.get(page).status_code == 200, (name, page)
    with empty.database.reading() as session:
        _, waiting = tracking.find(empty, session, codes["waiting"])
        _, hidden = tracking.find(empty, session, codes["sealed"])
    assert reveal.reveal(empty, people["to-den"], waiting.id, WHY).phone == "+84901234567"
    assert LIGHTS_OUT in sealed.open_for(empty, people["dieu-phoi"], hidden.id, WHY).content.text
    with empty.database.reading() as session:
        _, waiting = tracking.find(empty, session, codes["waiting"])
    work.accept(empty, people["to-den"], Step(waiting.id, waiting.version, ""))
    new = file_report(empty, Filing("test", "k" * 32, parse_report({"text": LIGHTS_OUT}), (), Channel.WEB)).answer[
        "code"
    ]
    monkeypatch.setattr(jobs.bench, "hotline", empty)
    monkeypatch.setattr(jobs.bench, "classifier", small_classifier)
    with empty.database.reading() as session:
        owed = session.scalars(select(OutboxEntry.id).where(OutboxEntry.done_at.is_(None))).all()
    jobs.triage(owed)
    assert tracking.track(empty, new).status is Status.ROUTED
    with empty.database.reading() as session:
        consistency.assert_consistent(session)
