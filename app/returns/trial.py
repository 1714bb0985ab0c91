"""A rule set tried on the tickets we have, before it goes live. Reads only."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, true, tuple_
from sqlalchemy.orm import Session

from app import access
from app.assignment import facts_of
from app.hotline import Hotline
from app.returns.service import SETTLED_IN
from models.ticket import Ticket
from routing.city import with_rules
from routing.replay import Case, Replay, replay

_BATCH: Final = 500
#: No ticket is older; the first day there is cannot be told in UTC.
_EARLIEST: Final = 1900


def try_rules(hotline: Hotline, file: Path, last: int, since: date | None) -> Replay:
    """Return what the rules in `file` would have made of the last so many tickets, received since that day.

    Each ticket counts as it is known now (topic and ward as a coordinator left them), on the day on which it was
    received. Sealed and untriaged tickets take no part. Raises `CityDataError` with file and line of what is wrong.
    """
    city = hotline.city
    after = with_rules(city, file)
    with hotline.database.reading() as session:
        return replay(city, after, _cases(hotline, session, last, since))


def _cases(hotline: Hotline, session: Session, last: int, since: date | None) -> Iterator[Case]:
    for ticket in _newest(session, last, _begins(hotline, since)):
        ended = ticket.department_id if ticket.status in SETTLED_IN else None
        yield Case(str(ticket.id), facts_of(hotline, ticket, ticket.received_at), ended)


def _begins(hotline: Hotline, since: date | None) -> datetime | None:
    if since is None or since.year < _EARLIEST:
        return None
    return datetime.combine(since, datetime.min.time(), hotline.files.calendar.zone).astimezone(UTC)


def _newest(session: Session, last: int, begins: datetime | None) -> Iterator[Ticket]:
    """Yield tickets, newest first, a batch at a time."""
    key = (Ticket.received_at, Ticket.id)
    younger = Ticket.received_at >= begins if begins is not None else true()
    beyond: Any = true()
    while last > 0:
        newest = select(Ticket).where(access.COUNTED, younger, beyond)
        rows = session.scalars(
            newest.order_by(Ticket.received_at.desc(), Ticket.id.desc()).limit(min(last, _BATCH))
        ).all()
        yield from rows
        if not rows:
            return
        last -= len(rows)
        beyond = tuple_(*key) < (rows[-1].received_at, rows[-1].id)
        session.expunge_all()
