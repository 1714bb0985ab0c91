"""One installation in this process, with reports on every part of their road, that requests are made up for."""

import os
import re
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path
from typing import Final

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import strategies as st
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts import tokens
from app.accounts.service import NewAccount
from app.accounts.tokens import NewToken
from app.bench.world import World
from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.triage import jobs
from app.web import create_app
from classifier.predict import Classifier
from classifier.train import train
from models.outbox import OutboxEntry
from models.vocabulary import Channel
from tests.app.conftest import Road
from tests.conftest import MODELS
from tests.fuzz.made_up import texts
from tests.installation import LIGHTS_OUT, PEOPLE, Filed, Staff, browser_of
from tests.small_corpus import write_small_corpus

_APP: Final = Path(__file__).parents[2] / "app"
#: Names of fields as templates write them, and as code reads them.
_NAMES: Final = re.compile(
    r'\bname="([a-z_]+)"|(?:args|form|fields|typed|asked|query|values)(?:\.get\(|\.getlist\(|\[)"(\w+)"'
)


def _models() -> Path:
    """Return a folder with the small model; the other tests have one already."""
    if MODELS in os.environ:
        return Path(os.environ[MODELS])
    folder = Path(tempfile.mkdtemp(prefix="ln-fuzz-model-"))
    write_small_corpus(folder / "corpus")
    train(folder / "models", corpus_dir=folder / "corpus")
    return folder / "models"


class Office:
    """The installation, a browser for each person (and for nobody), and what requests may name."""

    def __init__(self) -> None:
        """Make it on a SQLite file in a folder of its own. Its Redis is not running."""
        models = _models()
        self._folder = Path(tempfile.mkdtemp(prefix="ln-fuzz-office-"))
        world = World(self._folder, f"sqlite:///{self._folder / 'langnghe.db'}")
        world.prepare(models)
        self.hotline: Hotline = world.hotline
        self.staff = Staff(self.hotline)
        with self.hotline.database.transaction() as session:
            for name, (role, department, cleared) in PEOPLE.items():
                new = NewAccount(name.replace("_", "-"), name.title(), role, department, cleared)
                self.staff.accounts[name] = accounts.create(session, self.hotline.now(), new)
                self.staff.accounts[name].session_epoch = 1
        jobs.bench.hotline = self.hotline
        jobs.bench.classifier = Classifier.load(models / (models / "CURRENT").read_text("utf-8").strip())
        road = Road(self.hotline, self.staff, self._file, self._triage)
        filed = [road.routed(), road.accepted(), road.asked(), road.answered(), road.in_review(), road.sealed()]
        self.ids = [one.ticket().id.hex for one in filed] + [one.id.hex for one in self.staff.accounts.values()]
        self.codes = [one.code for one in filed]
        self.app: Flask = create_app(self.hotline)
        self.app.config.update(WTF_CSRF_ENABLED=False)
        self.kept = self._folder / "kept.db"
        self.hotline.database.close()
        shutil.copy(self._folder / "langnghe.db", self.kept)

    def _file(self, text: str = LIGHTS_OUT, *, channel: Channel = Channel.WEB, **fields: str) -> Filed:
        report = parse_report({"text": text, **fields})
        return Filed(
            file_report(self.hotline, Filing("test", uuid.uuid4().hex, report, (), channel)).answer["code"],
            self.hotline,
        )

    def _triage(self) -> None:
        with self.hotline.database.reading() as session:
            owed = session.scalars(select(OutboxEntry.id).where(OutboxEntry.done_at.is_(None))).all()
        jobs.triage(owed)

    def anew(self) -> None:
        """Let nothing have happened since it was made, so that what breaks it breaks it again."""
        self.hotline.database.close()
        for left in self._folder.glob("langnghe.db-*"):
            left.unlink()
        shutil.copy(self.kept, self._folder / "langnghe.db")

    def browser(self, who: str) -> FlaskClient:
        """Return a browser in which somebody is logged in; with "" nobody is."""
        return browser_of(self.app, self.hotline, self.staff.accounts[who]) if who else self.app.test_client()

    def bearer(self, who: str) -> dict[str, str]:
        """Return the headers of a program with somebody's token for everything; none for ""."""
        if not who:
            return {}
        with self.hotline.database.transaction() as session:
            token = tokens.new_token(self.hotline, session, self.staff.accounts[who], NewToken("test"))
        return {"Authorization": f"Bearer {token}"}


office = cache(Office)
people = st.sampled_from(("", *PEOPLE))


@cache
def field_names() -> tuple[str, ...]:
    """Return the names of all fields and parameters that the application knows."""
    found = {
        name
        for path in (*_APP.rglob("*.html"), *_APP.rglob("*.py"))
        for pair in _NAMES.findall(path.read_text("utf-8"))
        for name in pair
        if name
    }
    return tuple(sorted(found - {"viewport", "theme-color", "description"}))


#: What fields and parameters are likely to hold; ids and codes are filled in where the installation is known.
_LIKELY: Final = (
    "", "1", "0", "-1", "99999999999999999999", "true", "on", "vi", "en", "id0", "id1", "id2", "id3", "id4", "id5",
    "id6",
    "id7", "id8", "id0:1", "code0", "code3", "code5", "street-lighting", "tt_ql_gt_htkt", "26734", "phan-anh",
    "to-cao",
    "2026-03-03", "0001-01-01", "9999-12-31", "20260303", "2026-03-03T02:00:00+00:00", "done", "me", "nobody",
    "board",
    "map", "csv", "xlsx", "other", "week", "day", "unit", "late", "handler", "admin", "Đèn đường tắt cả tuần nay",
    "/work",
    "//x", "me@example.vn", "0901 234 567", "https://example.vn/", "10.77", "nan", "inf", "1e400",
)  # fmt: skip
_MOMENTS: Final = (
    "2026-03-03T02:00:00+00:00",
    "2026-03-03",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "nan",
)
_NUMBERS: Final = ("id0", "0", "1", "-1", "\u0661", "1_0", "99999999999999999999", "x")
#: Where a list goes on, as the addresses of next pages say it, or nearly.
_KEYS: Final = st.tuples(
    st.sampled_from(("_", "~", "|", ",", ".", " ")),
    st.permutations(
        (
            st.sampled_from(("promised", "due", "open", "done", "0", "1")),
            st.sampled_from(_MOMENTS),
            st.sampled_from(_NUMBERS),
        )
    ).flatmap(lambda parts: st.tuples(*parts)),
    st.integers(1, 3),
).map(lambda made: made[0].join(made[1][: made[2]]))
#: What is typed into a field or stands behind a name in an address.
typed: Final = st.one_of(st.sampled_from(_LIKELY), texts, _KEYS)


def filled_in(value: str) -> str:
    """Put the ids and codes of the installation where they are meant."""
    for number, one in enumerate(office().ids):
        value = value.replace(f"id{number}", one)
    for number, code in enumerate(office().codes):
        value = value.replace(f"code{number}", code)
    return value
