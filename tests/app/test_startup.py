"""Preparing an installation: as often as one likes, and never taking anything away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app import loading, startup
from app.hotline import Hotline
from classifier import artifact
from models.department import Department
from models.place import LegacySuccessor, Ward
from models.tables import Base
from models.taxonomy import SubmissionKind, Topic
from models.ticket import Ticket
from models.vocabulary import SubmissionType, topics
from tests.app.conftest import LIGHTS, Filed
from tests.conftest import database_url

__all__ = ["database_url"]  # another city is loaded here, so these databases are used once

SONG_XANH = Path(__file__).parents[1] / "routing" / "data" / "songxanh"


def test_a_second_preparation_changes_nothing(hotline: Hotline, models_dir: Path, small_corpus_in_place: None) -> None:
    (hotline.settings.data / "models").symlink_to(models_dir)
    before, said = everything(hotline), list[str]()
    models = sorted(path.name for path in models_dir.iterdir())
    startup.prepare(hotline, said.append)
    assert everything(hotline) == before
    assert sorted(path.name for path in models_dir.iterdir()) == models
    units = len(hotline.city.departments)
    assert said == [f"loaded {len(topics())} topics, 168 wards, 442 legacy wards, {units} departments"]


def test_the_whole_city_and_the_whole_vocabulary_are_loaded(hotline: Hotline) -> None:
    with hotline.database.reading() as session:
        assert set(session.scalars(select(Topic.slug))) == set(topics())
        assert set(session.scalars(select(SubmissionKind.slug))) == {kind.value for kind in SubmissionType}
        assert set(session.scalars(select(Ward.code))) == set(hotline.city.wards)
        assert set(session.scalars(select(Department.id))) == set(hotline.city.departments)
        successors = {(row.legacy_code, row.ward_code) for row in session.scalars(select(LegacySuccessor))}
    assert successors == {(legacy.code, code) for legacy in hotline.city.legacy for code, _ in legacy.new}


def test_a_department_that_was_there_once_is_never_deleted(
    hotline: Hotline, file: Callable[..., Filed], triage: Callable[[], None]
) -> None:
    """Tickets of years ago name it; another city's data, or a release without it, only adds to what is there."""
    filed = file()
    triage()
    with hotline.database.reading() as session:
        before = set(session.scalars(select(Department.id)))
    loading.load(other_city(hotline))
    with hotline.database.reading() as session:
        after = set(session.scalars(select(Department.id)))
        assert session.scalars(select(Ticket.department_id)).all() == [LIGHTS]
    assert after == before | {"nguoi-truc", "toa-thi-chinh", "doi-den", "to-cay", "uy-1", "uy-2", "uy-3"}
    assert filed.ticket().department is not None


def test_what_has_another_name_now_is_brought_up_to_date(hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        session.get_one(Department, LIGHTS).vi = "Tên cũ"
        session.get_one(Ward, "27163").name = "Tên cũ"
    loading.load(hotline)
    with hotline.database.reading() as session:
        assert session.get_one(Department, LIGHTS).vi == hotline.city.departments[LIGHTS].vi
        assert session.get_one(Ward, "27163").name == hotline.city.wards["27163"].name


def test_a_model_of_this_corpus_is_kept_in_service(models_dir: Path, small_corpus_in_place: None) -> None:
    said: list[str] = []
    assert startup.ensure_model(models_dir, said.append) == artifact.current(models_dir)
    assert said == []


@pytest.fixture
def small_corpus_in_place(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the small corpus where the real one lies, so that the small model is the one that fits."""
    monkeypatch.setattr(artifact, "CORPUS_DIR", models_dir.parent / "corpus")


def other_city(hotline: Hotline) -> Hotline:
    return replace(hotline, settings=replace(hotline.settings, city=SONG_XANH))


def everything(hotline: Hotline) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with hotline.database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }
