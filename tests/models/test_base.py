"""Times: a moment is stored as UTC, and one without a zone is not guessed at."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.exc import StatementError

from app.database import Database
from models.base import UtcDateTime
from models.outbox import Heartbeat

NOON_IN_HANOI = datetime(2026, 3, 3, 12, 0, tzinfo=timezone(timedelta(hours=7)))


def test_a_time_of_any_zone_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    with database.transaction() as session:
        session.add(Heartbeat(name="test", at=NOON_IN_HANOI))
    with database.reading() as session:
        found = session.get_one(Heartbeat, "test").at
    assert found == NOON_IN_HANOI
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused_and_nothing_is_stored(database: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"), database.transaction() as session:
        session.add(Heartbeat(name="test", at=NOON_IN_HANOI.replace(tzinfo=None)))
    with database.reading() as session:
        assert session.get(Heartbeat, "test") is None


def test_no_time_stays_no_time() -> None:
    column = UtcDateTime()
    assert column.process_bind_param(None, dialect()) is None
    assert column.process_result_value(None, dialect()) is None
