"""A database of the program, as `app.database` opens it."""

from collections.abc import Iterator

import pytest

from app.database import Database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return the prepared database, opened as the program opens it."""
    opened = Database(database_url)
    yield opened
    opened.close()
