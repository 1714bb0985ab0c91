"""Photos without a report, which a crash leaves between file and commit, go away; a report's photo never does."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError

from app.consistency import STRAY_AFTER, reconcile
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.photostore import path_of, store
from app.tracking import service as tracking
from app.work import service as work
from models.ticket import Attachment
from models.vocabulary import PhotoOf
from tests.app.conftest import LIGHTS_OUT, Road, Staff, file_with_photo, picture, step


@pytest.fixture
def kept(hotline: Hotline) -> Path:
    """Return where the photo of a filed report lies, filed long ago."""
    filed = file_with_photo(hotline, LIGHTS_OUT)
    path = path_of(hotline.settings.attachments, filed.ticket().attachments[0].id)
    age(path)
    return path


def test_strays_go_and_photos_of_reports_stay(hotline: Hotline, kept: Path) -> None:
    (stray,) = read_photos([picture()])
    store(hotline.settings.attachments, stray)
    stray_path = path_of(hotline.settings.attachments, stray.id)
    half = kept.with_name("tmpabc.part")
    half.write_bytes(b"half a photo")
    for path in (stray_path, half):
        age(path)
    assert reconcile(hotline) == (2, 0)
    assert kept.is_file()
    assert not stray_path.exists()
    assert not half.exists()
    assert reconcile(hotline) == (0, 0)


def test_what_is_younger_than_an_hour_may_be_one_that_is_being_filed(hotline: Hotline, kept: Path) -> None:
    (stray,) = read_photos([picture()])
    store(hotline.settings.attachments, stray)
    path = path_of(hotline.settings.attachments, stray.id)
    age(path, STRAY_AFTER - 60)
    assert reconcile(hotline) == (0, 0)
    age(path, STRAY_AFTER + 60)
    assert reconcile(hotline) == (1, 0)


def test_a_photo_that_is_gone_is_counted(hotline: Hotline, kept: Path) -> None:
    kept.unlink()
    assert reconcile(hotline) == (0, 1)


def test_a_photo_whose_report_was_taken_away_is_a_stray(hotline: Hotline, kept: Path) -> None:
    with hotline.database.transaction() as session:
        session.execute(delete(Attachment))
    assert reconcile(hotline) == (1, 0)
    assert not kept.exists()


@pytest.mark.parametrize("way", ["filing", "answering", "adding"])
def test_photos_stay_where_nobody_knows_whether_their_commit_was_done(
    hotline: Hotline, road: Road, staff: Staff, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The database has committed, and the connection breaks before it has said so."""
    photos = read_photos([picture()])
    asked, accepted = road.asked(), road.accepted()
    acts: dict[str, Callable[[], object]] = {
        "filing": lambda: file_with_photo(hotline, LIGHTS_OUT),
        "answering": lambda: work.answer(
            hotline, staff.alice, step(accepted, "Đã thay bóng."), [(PhotoOf.AFTER, photos[0])]
        ),
        "adding": lambda: tracking.add_information(hotline, asked.code, "Trụ số bốn.", photos),
    }
    with monkeypatch.context() as network:
        network.setattr(hotline.database.engine.dialect, "do_commit", commit_and_break)
        with pytest.raises(OperationalError):
            acts[way]()
    with hotline.database.reading() as session:
        (kept,) = session.scalars(select(Attachment))
    assert path_of(hotline.settings.attachments, kept.id).is_file()
    assert reconcile(hotline) == (0, 0)


def commit_and_break(connection: Any) -> None:
    """Commit as the driver does, and lose the answer."""
    connection.commit()
    broken = sqlite3.OperationalError if hasattr(connection, "iterdump") else psycopg.OperationalError
    raise broken("the connection was lost")


def test_an_installation_without_photos_has_nothing_to_reconcile(hotline: Hotline) -> None:
    assert not hotline.settings.attachments.exists()
    assert reconcile(hotline) == (0, 0)


def age(path: Path, seconds: float = 2 * STRAY_AFTER) -> None:
    """Let a file be so old."""
    at = time.time() - seconds
    os.utime(path, (at, at))
