"""`langnghe doctor`: a sound installation is told to be sound, and each thing that is wrong is named alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import doctor, migration
from app.bench.scratch import RedisServer
from app.bench.world import World
from models.outbox import Heartbeat
from tests.conftest import database_url

#: A PostgreSQL that is not there.
AWAY = "postgresql://langnghe@/nothing?host=/nowhere"
__all__ = ["database_url"]  # the schema is taken away here, so these databases are used once


@pytest.fixture
def world(
    database_url: str, tmp_path: Path, models_dir: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Return an installation of which everything is well, with this process's environment set to it."""
    made = World(tmp_path, database_url)
    (tmp_path / "models").symlink_to(models_dir)
    with made.hotline.database.transaction() as session:
        session.add(Heartbeat(name="relay", at=made.hotline.now()))
    for name in (
        "LANGNGHE_DATA",
        "LANGNGHE_SECRET_KEY",
        "LANGNGHE_SEAL_KEY",
        "LANGNGHE_CONTACT_KEY",
        "LANGNGHE_DATABASE_ROLE",
        "DATABASE_URL",
        "REDIS_URL",
        "PORT",
        "HOST",
    ):
        monkeypatch.setenv(name, made.environ[name])
    yield made
    made.close()


def test_a_sound_installation_is_told_to_be_sound(world: World) -> None:
    lines: list[str] = []
    assert doctor.report(doctor.examine(), lines.append), lines
    assert all(line.startswith("ok  ") for line in lines)
    named = {line.removeprefix("ok  ").strip().partition(":")[0] for line in lines}
    assert named >= {
        "python",
        "settings",
        "data folder",
        "disk",
        "seal key",
        "contact key",
        "contacts",
        "city data",
        "database",
        "schema",
        "model",
        "relay",
        "redis",
    }


def test_each_thing_that_is_wrong_is_named_alone_with_what_to_do(
    world: World, redis: RedisServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One fault after the other, each mended again: nothing else is ever named with it."""
    assert bad() == {}
    for variable, value, name, advice in (
        ("LANGNGHE_FAULT_DIR", str(tmp_path), "fault points", "unset it"),
        ("LANGNGHE_JOB_TIMEOUT", "60", "lease", "LANGNGHE_JOB_TIMEOUT is longer than LANGNGHE_LEASE"),
        ("HOST", "0.0.0.0", "https", "LANGNGHE_URL=https://"),
        ("LANGNGHE_CITY", str(tmp_path), "city data", "wards.json: cannot be read"),
        ("LANGNGHE_LEASE", "never", "settings", "LANGNGHE_LEASE"),
    ):
        with monkeypatch.context() as one:
            one.setenv(variable, value)
            found = bad()
        assert list(found) == [name], variable
        assert advice in found[name]
    secret = tmp_path / "secret"
    secret.write_text("x" * 40)
    secret.chmod(0o644)
    assert list(bad()) == ["secret"]
    secret.unlink()
    models = tmp_path / "models"
    models.rename(tmp_path / "elsewhere")
    assert bad() == {"model": "none: people decide; run `langnghe train`"}
    models.mkdir()
    (models / "CURRENT").write_text("20260101T000000-0000\n")
    assert "there is no model" in bad()["model"]
    (models / "CURRENT").unlink()
    models.rmdir()
    (tmp_path / "elsewhere").rename(models)
    redis.stop()
    assert list(bad()) == ["redis"]
    redis.start()
    with world.hotline.database.transaction() as session:
        session.get_one(Heartbeat, "relay").at = world.hotline.now().replace(year=2025)
    assert "last beat" in bad()["relay"]
    with world.hotline.database.transaction() as session:
        session.delete(session.get_one(Heartbeat, "relay"))
    assert bad() == {"relay": "never seen: start `langnghe relay`"}


def test_a_database_without_this_releases_schema_is_named(world: World) -> None:
    migration.downgrade(world.hotline.database)
    assert bad() == {"schema": "run `langnghe migrate`"}


def test_a_database_that_is_away_is_named_and_nothing_else_is_guessed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    away = f"sqlite:///{tmp_path}/no/such/folder.db" if world.hotline.settings.is_sqlite else AWAY
    monkeypatch.setenv("DATABASE_URL", away)
    assert set(bad()) == {"database", "database settings"}


def bad() -> dict[str, str]:
    """Return what the doctor finds wrong."""
    return {check.name: check.detail for check in doctor.examine() if not check.ok}
