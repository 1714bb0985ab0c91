"""One installation in this process: a clock that can be set, people, and shortcuts through real services."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts import staff_sessions, tokens
from app.accounts.service import NewAccount
from app.accounts.tokens import NewToken
from app.bench.world import World
from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.persons.contacts import ContactDetails, contact_of
from app.triage import jobs
from app.web import create_app
from classifier.predict import Classifier
from models.account import Account
from models.code import code_hash, normalised
from models.outbox import OutboxEntry
from models.ticket import Ticket
from models.vocabulary import Channel, LoginMethod, Role, Status

#: A Tuesday morning in working hours, Vietnamese time.
TUESDAY = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
PASSWORD = "con đường có hàng me"
#: The unit that lights the streets, and one that does not.
LIGHTS = "tt_ql_gt_htkt"
BUSES = "tt_ql_gtcc"
#: A report that the small model is sure of and that any unit of the city may get without a ward.
LIGHTS_OUT = "Đèn đường tắt cả tuần nay, trụ đèn nghiêng, chỗ này tối thui"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = TUESDAY

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        """Let time pass: `clock.forward(days=7)`."""
        self.at += timedelta(**span)


@dataclass
class Filed:
    """A report that a test filed: its code, and its ticket as it was last read."""

    code: str
    hotline: Hotline

    def ticket(self) -> Ticket:
        """The ticket as the database has it now, with its events loaded."""
        digest = code_hash(self.hotline.keys.codes, normalised(self.code) or "")
        with self.hotline.database.reading() as session:
            ticket = session.scalars(select(Ticket).where(Ticket.code_hash == digest)).one()
            for relation in ("events", "deadlines", "assignments", "attachments", "contact", "feedback", "department"):
                getattr(ticket, relation)
            return ticket

    def contact(self) -> ContactDetails | None:
        """What its citizen left to be reached by, as it opens."""
        ticket = self.ticket()
        with self.hotline.database.reading() as session:
            return contact_of(self.hotline, session, ticket.id)

    def status(self) -> Status:
        """Where it stands now."""
        return self.ticket().status

    def kinds(self) -> list[str]:
        """The kinds of its events, oldest first."""
        return [event.kind for event in self.ticket().events]


@dataclass
class Staff:
    """People: alice and bob work in different departments, the others are named by their role."""

    hotline: Hotline
    accounts: dict[str, Account] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Account:
        """Return an account: alice, bob, supervisor, coordinator, cleared, auditor, admin, call_taker."""
        try:
            return self.accounts[name]
        except KeyError:
            raise AttributeError(name) from None


PEOPLE = {
    "alice": (Role.HANDLER, LIGHTS, False),
    "bob": (Role.HANDLER, BUSES, False),
    "supervisor": (Role.SUPERVISOR, LIGHTS, False),
    "coordinator": (Role.COORDINATOR, None, False),
    "cleared": (Role.COORDINATOR, None, True),
    "auditor": (Role.AUDITOR, None, False),
    "admin": (Role.ADMIN, None, False),
    "call_taker": (Role.CALL_TAKER, None, False),
}


@pytest.fixture
def clock() -> Clock:
    """Return the clock of this test's installation."""
    return Clock()


@pytest.fixture
def hotline(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Hotline]:
    """Return an installation on a prepared database, with its clock in the test's hands. Its Redis is not running."""
    world = World(tmp_path, database_url)
    yield replace(world.hotline, now=clock)
    world.close()


@pytest.fixture
def staff(hotline: Hotline) -> Staff:
    """Return people of every role, all with `PASSWORD`."""
    people = Staff(hotline)
    with hotline.database.transaction() as session:
        for name, (role, department, cleared) in PEOPLE.items():
            new = NewAccount(name.replace("_", "-"), name.title(), role, department, cleared)
            account = accounts.create(session, hotline.now(), new)
            account.password_hash = _password_hash()
            account.session_epoch = 1
            people.accounts[name] = account
    return people


@cache
def _password_hash() -> str | None:
    """Hashing is slow on purpose, and all people of all tests have the same password."""
    account = Account(session_epoch=0)
    accounts.set_password(account, PASSWORD)
    return account.password_hash


@pytest.fixture
def file(hotline: Hotline) -> Callable[..., Filed]:
    """Return a function that files a report through the service: `file("text", place_text=…, channel=…)`."""

    def filed(text: str = LIGHTS_OUT, *, channel: Channel = Channel.WEB, **fields: Any) -> Filed:
        report = parse_report({"text": text, **fields})
        answer = file_report(hotline, Filing("test", uuid.uuid4().hex, report, (), channel)).answer
        return Filed(answer["code"], hotline)

    return filed


@pytest.fixture(scope="session")
def small_classifier(models_dir: Path) -> Classifier:
    """Return the small model, loaded once a process."""
    return Classifier.load(models_dir / (models_dir / "CURRENT").read_text("utf-8").strip())


@pytest.fixture
def triage(hotline: Hotline, small_classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that runs the real job on everything still owed, in this process."""
    monkeypatch.setattr(jobs.bench, "hotline", hotline)
    monkeypatch.setattr(jobs.bench, "classifier", small_classifier)

    def run() -> None:
        with hotline.database.reading() as session:
            owed = session.scalars(select(OutboxEntry.id).where(OutboxEntry.done_at.is_(None))).all()
        jobs.triage(owed)

    return run


class _Translated(BytecodeCache):
    """Templates as Python, kept in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what was kept of it, if it is still of the same source."""
        if (kept := self._kept.get(bucket.key)) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what is in the bucket."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_TRANSLATED = _Translated()


@pytest.fixture
def app(hotline: Hotline) -> Flask:
    """Return the web application; its templates are translated to Python once a process and not once a test."""
    made = create_app(hotline)
    made.jinja_env.bytecode_cache = _TRANSLATED
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without JavaScript, nobody logged in."""
    return app.test_client()


@pytest.fixture
def log_in(app: Flask, hotline: Hotline) -> Callable[..., FlaskClient]:
    """Return a function that gives a browser in which this account is logged in, with CSRF checks as they are.

    With `strong=False` a password alone was shown.
    """

    return partial(browser_of, app, hotline)


def browser_of(app: Flask, hotline: Hotline, account: Account, *, strong: bool = True) -> FlaskClient:
    """Return a browser in which an account is logged in to an application."""
    browser = app.test_client()
    with hotline.database.transaction() as session:
        begun = staff_sessions.begin(hotline, session, account, LoginMethod.PASSWORD, "", strong=strong)
    with browser.session_transaction() as cookie:
        cookie["_user_id"] = begun.id.hex
        cookie["_fresh"] = True
    return browser


@pytest.fixture
def bearer(hotline: Hotline) -> Callable[[Account], dict[str, str]]:
    """Return a function that gives the headers of a token of an account that may be used for everything."""

    def headers(account: Account) -> dict[str, str]:
        with hotline.database.transaction() as session:
            token = tokens.new_token(hotline, session, account, NewToken("test"))
        return {"Authorization": f"Bearer {token}"}

    return headers
