"""Write down what an installation of this release keeps: `python -m tests.app.stored_release`, whenever one is made.

The demonstration's invented reports, lived through the real services, and a use of what the demonstration leaves out.
The file is a back-up, so it is of no database in particular; beside it stands what tests ask for by name.
"""

import json
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pyotp
from sqlalchemy import select

from app import demo, migration, workdays
from app.accounts import factors, staff_sessions, tokens
from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.accounts.tokens import NewToken
from app.backup import service as backup
from app.bench.world import World
from app.board import schema as board_schema
from app.board import service as board
from app.demo import Clock
from app.desk import calls
from app.desk.calls import Announcement
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.letters import service as letters
from app.notices import sending
from app.notices import service as notices
from app.persons import holds, reveal
from app.sealed import service as sealed
from app.tracking import service as tracking
from app.triage import jobs
from app.units import book
from app.units import service as units
from app.units.schema import Closing
from app.web import create_app
from app.webhooks import service as webhooks
from app.webhooks import telling
from app.webhooks.schema import NewWebhook
from app.work import bulk, export, extension, saved
from app.work import service as work
from app.work.bulk import Chosen, Wish
from app.work.filters import Filter
from app.work.service import Step
from classifier.predict import Classifier
from classifier.train import train
from models.account import Account
from models.outbox import OutboxEntry
from models.tables import Base
from models.vocabulary import BulkAction, CallStep, Channel, ExportForm, ExportFormat, LoginMethod, Role
from tests.app.conftest import picture
from tests.installation import LIGHTS, LIGHTS_OUT, PASSWORD
from tests.small_corpus import write_small_corpus

FOLDER: Final = Path(__file__).parent / "data"
PASSPHRASE: Final = "mật khẩu của bản thử"
#: Who there is besides the demonstration's people, all with the password of the tests.
PEOPLE: Final = {
    "ban-truc": (Role.CALL_TAKER, None, False),
    "dieu-phoi": (Role.COORDINATOR, None, True),
    "to-den": (Role.HANDLER, LIGHTS, False),
    "truong-den": (Role.SUPERVISOR, LIGHTS, False),
    "quan-tri": (Role.ADMIN, None, False),
    "giam-sat": (Role.AUDITOR, None, False),
}
WHY: Final = "Thanh tra xem lại hồ sơ."


class Release:
    """An installation in which everything was used once."""

    def __init__(self, folder: Path, models: Path) -> None:
        """Make it, with the demonstration in it."""
        self.world = World(folder, f"sqlite:///{folder / 'langnghe.db'}")
        self.world.prepare()
        list(demo.fill(self.world.hotline))
        self.clock = Clock(self.world.hotline.now())
        self.hotline: Hotline = replace(self.world.hotline, now=self.clock)
        self.people: dict[str, Account] = {}
        with self.hotline.database.transaction() as session:
            for name, (role, department, cleared) in PEOPLE.items():
                account = accounts.create(
                    session, self.clock.at, NewAccount(name, name.title(), role, department, cleared)
                )
                accounts.set_password(account, PASSWORD)
                self.people[name] = account
        jobs.bench.hotline = self.hotline
        jobs.bench.classifier = Classifier.load(models / (models / "CURRENT").read_text("utf-8").strip())

    def file(self, text: str = LIGHTS_OUT, *, understood: bool = True, **fields: object) -> str:
        """File a report with a photo and whom to call; return its code."""
        contact = {"contact_name": "Lê Thị Thử", "contact_phone": "0901234567", "consent": True}
        report = parse_report({"text": text, **contact, **fields})
        key = f"stored-{self.clock.at.timestamp():.0f}-{len(text)}-{fields}"[:60].encode().hex()[:60]
        filing = Filing("stored", key, report, read_photos([picture()]), Channel.WEB)
        code = str(file_report(self.hotline, filing).answer["code"])
        self.clock.at += timedelta(minutes=1)
        if understood:
            with self.hotline.database.reading() as session:
                owed = session.scalars(select(OutboxEntry.id).where(OutboxEntry.done_at.is_(None))).all()
            jobs.triage(owed)
        return code

    def step(self, code: str, text: str = "") -> Step:
        """Return what somebody would do who has the ticket of a code before them."""
        with self.hotline.database.reading() as session:
            _, ticket = tracking.find(self.hotline, session, code)
            return Step(ticket.id, ticket.version, text)

    def use(self) -> dict[str, str]:
        """Use everything; return the codes that tests ask for, by what became of the report."""
        hotline, people = self.hotline, self.people
        webhooks.make(hotline, NewWebhook("Kho dữ liệu", "https://kho.example.vn/tin", None), people["quan-tri"].id)
        answered, waiting, sealed_, letter, erased = (
            self.file(),
            self.file(LIGHTS_OUT + " nữa"),
            self.file(submission_type="to-cao"),
            self.file("Tôi khiếu nại quyết định xử phạt về đèn đường", submission_type="khieu-nai"),
            self.file(LIGHTS_OUT + " lần ba"),
        )
        self._works(answered, waiting)
        self._holds_and_opens(waiting, sealed_, letter)
        self._administers()
        tracking.erase_contact(hotline, erased)
        returned, referred = self.file(LIGHTS_OUT + " lần bốn"), self.file(LIGHTS_OUT + " tố", submission_type="to-cao")
        work.send_back(hotline, people["to-den"], self.step(returned, "Trụ này của phường."))
        sealed.refer(hotline, people["dieu-phoi"], self.step(referred, "Nội dung đã che."), "tiep_cong_dan")
        telling.derive(hotline)
        sending.keep(hotline)
        notices.mark_seen(hotline, people["truong-den"])
        self.file(LIGHTS_OUT + " chưa ai xem", understood=False)
        return {"answered": answered, "waiting": waiting, "sealed": sealed_}

    def _works(self, answered: str, waiting: str) -> None:
        hotline, alice, leader = self.hotline, self.people["to-den"], self.people["truong-den"]
        work.accept(hotline, alice, self.step(answered))
        extension.ask(hotline, alice, self.step(answered, "Chờ vật tư."), 3)
        extension.approve(hotline, leader, self.step(answered))
        work.answer(hotline, alice, self.step(answered, "Đã thay bóng mới."))
        tracking.rate(hotline, answered, 4, "Cảm ơn")
        saved.keep(hotline, alice, "Khẩn", "mine", Filter(urgent="1"))
        chosen = self.step(waiting)
        bulk.hold(hotline, alice, Wish(BulkAction.LATER.value, (Chosen(chosen.ticket_id, chosen.version),)))
        self.clock.at += timedelta(minutes=1)
        bulk.carry_out(hotline)
        with create_app(hotline).test_request_context():
            list(export.export(hotline, alice, ExportFormat.CSV, Filter()))
        today = hotline.city.calendar.local_day(self.clock.at)
        asked = board_schema.parse({}, hotline.city, today)
        with hotline.database.transaction() as session:
            board.note_export(session, leader, asked, ExportForm.PDF, self.clock.at)

    def _holds_and_opens(self, waiting: str, sealed_: str, letter: str) -> None:
        hotline, cleared = self.hotline, self.people["dieu-phoi"]
        reveal.reveal(hotline, self.people["to-den"], self.step(waiting).ticket_id, WHY)
        holds.place_by(hotline, cleared, self.step(waiting).ticket_id, WHY, "")
        sealed.open_for(hotline, cleared, self.step(sealed_).ticket_id, WHY)
        letters.send(hotline, cleared, self.step(letter, "Bạn gửi đơn tới Ban Tiếp công dân."), "tiep_cong_dan")

    def _administers(self) -> None:
        hotline, admin = self.hotline, self.people["quan-tri"]
        today = hotline.city.calendar.local_day(self.clock.at)
        with hotline.database.transaction() as session:
            tokens.new_token(hotline, session, self.people["to-den"], NewToken("kho"))
            accounts.invite(hotline, session, session.merge(self.people["to-den"]))
            staff_sessions.begin(hotline, session, admin, LoginMethod.PASSWORD, "Firefox", strong=False)
            offer = factors.new_offer(hotline, admin)
            code = pyotp.TOTP(offer.secret).at(self.clock.at)
            factors.set_up(hotline, session, session.merge(admin), offer.sealed, code)
            off = workdays.Decision(today + timedelta(days=40), working=False, reason="Nghỉ bù", author="quan-tri")
            workdays.change(session, hotline.city.calendar, self.clock.at, off)
        token = calls.add_exchange(hotline, "Tổng đài thử")
        with hotline.database.transaction() as session:
            exchange = calls.exchange_of_token(hotline, session, token)
        assert exchange is not None
        calls.announce(hotline, exchange, Announcement("1", CallStep.RINGING, "+84901234567", None))
        closing = Closing(today + timedelta(days=30), "tt_ql_gt_htkt", "Nhập hai trung tâm.")
        units.close_unit(hotline, admin, "tt_ql_gtcc", self._line(), closing)

    def _line(self) -> int:
        with self.hotline.database.reading() as session:
            return book.written_since(session, "tt_ql_gtcc")

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has."""
        with self.hotline.database.reading() as session:
            return {t.name: len(session.execute(select(t)).all()) for t in Base.metadata.sorted_tables}


def main() -> None:
    """Write the back-up of this schema and what stands beside it."""
    folder = Path(tempfile.mkdtemp(prefix="ln-stored-"))
    write_small_corpus(folder / "corpus")
    train(folder / "models", corpus_dir=folder / "corpus")
    release = Release(folder, folder / "models")
    codes = release.use()
    empty = [name for name, rows in release.rows().items() if not rows]
    shutil.rmtree(release.hotline.settings.models)  # a model is trained anew, and is large
    shutil.rmtree(folder / "model-cards", ignore_errors=True)
    revision = migration.head()
    target = FOLDER / f"schema-{revision}.backup"
    target.unlink(missing_ok=True)
    backup.back_up(release.hotline, target, PASSPHRASE)
    target.with_suffix(".json").write_text(json.dumps({"codes": codes, "empty": empty}, indent=1) + "\n", "utf-8")
    release.world.close()
    print(f"{target}: {target.stat().st_size} bytes; no row in {', '.join(empty)}")  # noqa: T201 - for who runs it


if __name__ == "__main__":
    main()
