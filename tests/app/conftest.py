"""The installation that these tests drive is in `tests.installation`; here tickets are brought along their road."""

import io
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image
from psycopg import sql
from pytest import FixtureRequest  # noqa: PT013 - a type

from app.bench import scratch
from app.bench.scratch import RedisServer
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.review import service as review
from app.sealed import service as sealed
from app.work import service as work
from app.work.service import Step
from models.account import Account
from models.tables import Base
from models.ticket import Ticket
from models.vocabulary import Channel
from tests.conftest import DATABASES
from tests.installation import BUSES, LIGHTS, LIGHTS_OUT, PASSWORD, PEOPLE, TUESDAY, Clock, Filed, Staff

__all__ = ["BUSES", "LIGHTS", "LIGHTS_OUT", "PASSWORD", "PEOPLE", "TUESDAY", "Clock", "Filed", "Road", "Staff", "step"]

#: Tables that hold the city and what a release brings, which no ordinary test changes.
CITY = {
    "topic",
    "submission_type",
    "ward",
    "legacy_ward",
    "legacy_successor",
    "department",
    "department_change",
    "article",
    "loaded_rules",
}
#: Tables of which triggers let nothing be taken away.
APPEND_ONLY = (
    "ticket_event",
    "calendar_change",
    "sealed_read",
    "export",
    "report_export",
    "audit_event",
    "consent",
    "erasure",
)


def step(filed: Filed, text: str = "") -> Step:
    """What a person would do who has just opened the ticket's page."""
    ticket = filed.ticket()
    return Step(ticket.id, ticket.version, text)


def picture() -> bytes:
    """A small photo, as somebody uploads it."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    return out.getvalue()


def file_with_photo(hotline: Hotline, text: str, **fields: str) -> Filed:
    """File a report with a photo through the service."""
    report, photos = parse_report({"text": text, **fields}), read_photos([picture()])
    answer = file_report(hotline, Filing("test", uuid.uuid4().hex, report, photos, Channel.WEB)).answer
    return Filed(answer["code"], hotline)


@dataclass
class Road:
    """Brings a report to a place on its road, by the people whose work it is: alice's unit has the lights."""

    hotline: Hotline
    staff: Staff
    file: Callable[..., Filed]
    triage: Callable[[], None]

    def routed(self, text: str = LIGHTS_OUT, **fields: Any) -> Filed:
        """With the unit that the machine chose."""
        filed = self.file(text, **fields)
        self.triage()
        return filed

    def accepted(self) -> Filed:
        """In work at alice's unit."""
        return self._by(work.accept, self.staff.alice, self.routed())

    def asked(self, question: str = "Trụ số mấy vậy bạn?") -> Filed:
        """Waiting for its citizen."""
        return self._by(work.ask, self.staff.alice, self.accepted(), question)

    def answered(self, words: str = "Đã thay bóng mới.") -> Filed:
        """Answered by alice."""
        return self._by(work.answer, self.staff.alice, self.accepted(), words)

    def returned(self, reason: str = "Trụ này của phường.") -> Filed:
        """Given back once by alice."""
        return self._by(work.send_back, self.staff.alice, self.routed(), reason)

    def in_review(self) -> Filed:
        """Before a coordinator: its citizen says that it is a complaint in the sense of the law."""
        return self.routed(submission_type="khieu-nai")

    def rejected(self, words: str = "Tin này không phải phản ánh.") -> Filed:
        """Refused by the coordinator."""
        return self._by(review.reject, self.staff.coordinator, self.in_review(), words)

    def referred(self, words: str = "Bạn gửi đơn tới Ban Tiếp công dân.") -> Filed:
        """Shown on to who is competent by the coordinator."""
        return self._by(review.refer, self.staff.coordinator, self.in_review(), words)

    def merged(self, text: str = LIGHTS_OUT) -> Filed:
        """Of the same thing as another report, as its filer said."""
        filed = self.file(text, incident=str(self.routed().ticket().incident_id))
        self.triage()
        return filed

    def sealed(self, text: str = LIGHTS_OUT, **fields: Any) -> Filed:
        """Sealed by its filer's word."""
        return self.routed(text, submission_type="to-cao", **fields)

    def refer_sealed(self, filed: Filed, words: str, department: str = "tiep_cong_dan") -> Filed:
        """Sent to its verifier by the coordinator who is cleared for it."""
        sealed.refer(self.hotline, self.staff.cleared, step(filed, words), department)
        return filed

    def _by(
        self, act: Callable[[Hotline, Account, Step], Ticket], account: Account, filed: Filed, text: str = ""
    ) -> Filed:
        act(self.hotline, account, step(filed, text))
        return filed

    def release(self, filed: Filed, kind: str = "phan-anh") -> Filed:
        """Given back by the coordinator who is cleared for it."""
        sealed.release(self.hotline, self.staff.cleared, step(filed, "Không phải tố cáo."), kind)
        return filed


@pytest.fixture(scope="session")
def reused_postgresql(server_url: str, prepared_postgresql: str) -> Iterator[str]:
    """Return a PostgreSQL database that the tests of this process take turns with: making one takes half a second."""
    with scratch.database(server_url, prepared_postgresql) as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database with schema and city in it, on both databases in turn.

    A test that changes schema or city takes `database_url` of `tests.conftest`, whose databases are used once.
    """
    if request.param == "sqlite":
        file = tmp_path / "langnghe.db"
        shutil.copy(request.getfixturevalue("prepared_sqlite"), file)
        yield f"sqlite:///{file}"
        return
    url = request.getfixturevalue("reused_postgresql")
    yield url
    empty(url)


def empty(url: str) -> None:
    """Take everything but the city out of a PostgreSQL database, whoever may still hold on to it."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        for name in APPEND_ONLY:
            connection.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(name)))
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in CITY:
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table.name)))
        connection.execute("insert into calendar_applied (id) values (1)")  # as the migration has it
        for name in APPEND_ONLY:
            connection.execute(sql.SQL("alter table {} enable trigger user").format(sql.Identifier(name)))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Return the running Redis of this test's installation."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def road(hotline: Hotline, staff: Staff, file: Callable[..., Filed], triage: Callable[[], None]) -> Road:
    """Return what brings reports along their road."""
    return Road(hotline, staff, file, triage)
