"""Photos without a report, which a crash leaves between file and commit, go away; a report's photo never does."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import delete

from app.consistency import STRAY_AFTER, reconcile
from app.hotline import Hotline
from app.intake.photos import read_photos
from app.photostore import path_of, store
from models.ticket import Attachment
from tests.app.conftest import LIGHTS_OUT, file_with_photo, picture


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


def test_an_installation_without_photos_has_nothing_to_reconcile(hotline: Hotline) -> None:
    assert not hotline.settings.attachments.exists()
    assert reconcile(hotline) == (0, 0)


def age(path: Path, seconds: float = 2 * STRAY_AFTER) -> None:
    """Let a file be so old."""
    at = time.time() - seconds
    os.utime(path, (at, at))
