"""What happened stays as it was written: the database itself refuses to change it, whoever asks."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.hotline import Hotline
from models.ticket import TicketEvent
from tests.installation import Filed

AGAIN = "into ticket_event (id, ticket_id, at, kind, data) select id, ticket_id, at, 'closed', data from ticket_event"
CHANGES = (
    "update ticket_event set public_text = 'khác'",
    "update ticket_event set at = at",
    "delete from ticket_event",
    "delete from ticket_event where kind = 'received'",
    f"insert {AGAIN} where true on conflict (id) do update set kind = 'closed'",
)
ONLY_SQLITE = (
    "update or ignore ticket_event set kind = 'closed'",
    "update or replace ticket_event set kind = 'closed'",
    f"replace {AGAIN}",
    f"insert or replace {AGAIN}",
)
ONLY_POSTGRESQL = ("truncate ticket_event cascade", "truncate ticket cascade", "truncate account, ticket_event cascade")


def test_the_history_cannot_be_changed_deleted_or_emptied(hotline: Hotline, file: Callable[..., Filed]) -> None:
    """Part of check 30. Injected: every statement that changes or removes rows. Expected: refused, rows as before.

    Without the triggers of the first migration each of them goes through.
    """
    file()
    file(submission_type="to-cao")
    before = rows(hotline)
    assert len(before) == 3
    own = ONLY_SQLITE if hotline.settings.is_sqlite else ONLY_POSTGRESQL
    for statement in CHANGES + own:
        with pytest.raises(DBAPIError, match="append-only"), hotline.database.transaction() as session:
            session.execute(text(statement))
        assert rows(hotline) == before, statement


def test_the_history_can_grow(hotline: Hotline, file: Callable[..., Filed]) -> None:
    file()
    with hotline.database.transaction() as session:
        session.execute(
            text(
                "insert into ticket_event (ticket_id, at, kind, data)"
                " select ticket_id, at, 'needs_human', data from ticket_event"
            )
        )
    assert len(rows(hotline)) == 2


def rows(hotline: Hotline) -> list[tuple[Any, ...]]:
    with hotline.database.reading() as session:
        return [tuple(row) for row in session.execute(select(*TicketEvent.__table__.columns).order_by(TicketEvent.id))]
