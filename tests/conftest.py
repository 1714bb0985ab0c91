"""The ground of all tests: one PostgreSQL and one small model for a whole run, a prepared database a test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from pytest import FixtureRequest  # noqa: PT013 - a type

from app.bench import scratch
from app.bench.world import World
from classifier.train import train
from tests.small_corpus import write_small_corpus

pytest_plugins = ["tests.installation"]

DATABASES = ("sqlite", "postgresql")
#: How the process that starts the others tells them what it has made.
MODELS = "LANGNGHE_TEST_MODELS"
SERVER = "TEST_DATABASE_URL"
DEMONSTRATION = "LANGNGHE_TEST_DEMONSTRATION"

_made = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start what all test processes share, in the one that starts them; a PostgreSQL that cannot be had is an error."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if SERVER not in os.environ:
        os.environ[SERVER] = _made.enter_context(scratch.postgres(durable=False))
    os.environ[DEMONSTRATION] = _made.enter_context(scratch.database(os.environ[SERVER]))  # filled by who needs it
    folder = Path(tempfile.mkdtemp(prefix="ln-tests-"))
    _made.callback(shutil.rmtree, folder, ignore_errors=True)
    write_small_corpus(folder / "corpus")
    train(folder / "models", corpus_dir=folder / "corpus")
    os.environ[MODELS] = str(folder / "models")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop it again."""
    if not hasattr(config, "workerinput"):
        _made.close()


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Return a folder with one trained and promoted small model; tests must not change it."""
    return Path(os.environ[MODELS])


@pytest.fixture(scope="session")
def server_url() -> str:
    """Return the maintenance database of the PostgreSQL that all tests share."""
    return os.environ[SERVER]


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with schema and city in it, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    world = World(folder, f"sqlite:///{folder / 'langnghe.db'}")
    world.prepare()
    world.close()
    return folder / "langnghe.db"


@pytest.fixture(scope="session")
def prepared_postgresql(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the name of a PostgreSQL database with schema and city in it, to be used as a template."""
    with scratch.database(server_url) as url:
        world = World(tmp_path_factory.mktemp("prepared"), url)
        world.prepare()
        world.close()
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(params=DATABASES)
def database_url(request: FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database with schema and city in it, on both databases in turn."""
    with prepared_database(request, tmp_path) as url:
        yield url


@contextmanager
def prepared_database(request: FixtureRequest, folder: Path) -> Iterator[str]:
    """Yield the address of a fresh copy of the prepared database that a fixture was parametrised with."""
    if request.param == "sqlite":
        file = folder / "langnghe.db"
        shutil.copy(request.getfixturevalue("prepared_sqlite"), file)
        yield f"sqlite:///{file}"
        return
    server = request.getfixturevalue("server_url")
    with scratch.database(server, request.getfixturevalue("prepared_postgresql")) as url:
        yield url
