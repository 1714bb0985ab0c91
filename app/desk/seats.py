"""Who sits at which telephone, whether calls may come, and who is there at all."""

import re
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.problems import refuse
from models.account import Account
from models.desk import DeskSeat
from models.vocabulary import Role

#: Who has not been heard of for so long is not there: the page asks every second and a half.
AWAY: Final = timedelta(seconds=30)
#: The page's asking is written down this often, not each time.
NOTED: Final = timedelta(seconds=10)
EXTENSION: Final = re.compile(r"[0-9A-Za-z*#_-]{1,20}")


def there(now: datetime) -> ColumnElement[bool]:
    """Return the condition that somebody sits there now."""
    return DeskSeat.seen_at > now - AWAY


def at(session: Session, extension: str, now: datetime) -> UUID | None:
    """Return who sits at an extension now; it is theirs also while they would rather have no calls."""
    return session.scalar(select(DeskSeat.account_id).where(DeskSeat.extension == extension, there(now)))


def of(session: Session, account: Account) -> DeskSeat | None:
    """Return where somebody sits, None before they first came."""
    return session.get(DeskSeat, account.id)


def seen(hotline: Hotline, account: Account) -> None:
    """Note that somebody is there; a call-taker who comes the first time is ready for calls."""
    now = hotline.now()
    with hotline.database.reading() as session:
        seat = of(session, account)
    if seat is not None and seat.seen_at > now - NOTED:
        return
    with hotline.database.transaction() as session:
        (_seat(session, account, now)).seen_at = now


def sit(hotline: Hotline, account: Account, extension: str, *, ready: bool) -> None:
    """Note where somebody sits and whether calls may come; who sat there before no longer does.

    Raises `Refused` for what is no extension.
    """
    named = extension.strip()
    if named and EXTENSION.fullmatch(named) is None:
        raise refuse("extension", "extension")
    now = hotline.now()
    with hotline.database.transaction() as session:
        if named:
            others = update(DeskSeat).where(DeskSeat.extension == named, DeskSeat.account_id != account.id)
            session.execute(others.values(extension=None))
        seat = _seat(session, account, now)
        seat.extension, seat.ready, seat.seen_at = named or None, ready, now


def _seat(session: Session, account: Account, now: datetime) -> DeskSeat:
    seat = session.get(DeskSeat, account.id, with_for_update=True)
    if seat is None:
        seat = DeskSeat(account_id=account.id, ready=account.role is Role.CALL_TAKER, seen_at=now)
        session.add(seat)
    return seat
