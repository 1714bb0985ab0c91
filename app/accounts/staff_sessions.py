"""Sessions of staff: rows in the database, so that each can be seen, ended, and is over after its time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session, joinedload

from app.accounts.seen import note
from app.hotline import Hotline
from app.problems import NotFound
from models.account import Account, StaffSession
from models.vocabulary import LoginMethod

#: A request writes down that somebody is there at most so often.
SEEN_EVERY: Final = timedelta(minutes=1)
#: How long a session is kept that is over by its time.
KEPT: Final = timedelta(days=30)
_BROWSERS: Final = {"Edg": "Edge", "OPR/": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS: Final = {
    "Android": "Android",
    "iPhone": "iOS",
    "iPad": "iOS",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def begin(
    hotline: Hotline, session: Session, account: Account, method: LoginMethod, agent: str, *, strong: bool
) -> StaffSession:
    """Begin a session; `account` as it was when its password was checked: if that has changed since, it is over."""
    now = hotline.now()
    sitting = StaffSession(
        account_id=account.id,
        epoch=account.session_epoch,
        method=method,
        strong=strong,
        device=device_words(agent),
        began_at=now,
        seen_at=now,
    )
    session.add(sitting)
    session.flush()
    return sitting


def device_words(agent: str) -> str:
    """Return browser and system by which a person knows a device again, nothing finer: "Firefox, Windows"."""
    found = (next((name for mark, name in names.items() if mark in agent), "") for names in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, found)) or "?"


def find(hotline: Hotline, key: str) -> StaffSession | None:
    """Return the session of a cookie with its account, or None for one that is over, and note that it was seen."""
    try:
        session_id = UUID(key)
    except ValueError:
        return None
    now = hotline.now()
    with hotline.database.reading() as session:
        found = session.scalar(
            select(StaffSession)
            .join(StaffSession.account)
            .where(StaffSession.id == session_id, _alive(hotline))
            .options(joinedload(StaffSession.account).selectinload(Account.department))
        )
    if found is not None and now - found.seen_at >= SEEN_EVERY:
        seen = update(StaffSession).where(StaffSession.id == session_id, StaffSession.seen_at < now)
        note(hotline, seen.values(seen_at=now))
    return found


def alive_of(hotline: Hotline, session: Session, account_id: UUID) -> Sequence[StaffSession]:
    """Return an account's sessions that are not over, the latest first."""
    query = select(StaffSession).join(StaffSession.account).where(Account.id == account_id, _alive(hotline))
    return session.scalars(query.order_by(StaffSession.seen_at.desc(), StaffSession.id)).all()


def end(hotline: Hotline, session: Session, account_id: UUID, session_id: UUID) -> None:
    """End one session of an account; raise `NotFound` for one that is not theirs."""
    found = session.get(StaffSession, session_id)
    if found is None or found.account_id != account_id:
        raise NotFound
    found.ended_at = found.ended_at or hotline.now()


def end_all(hotline: Hotline, session: Session, account_id: UUID) -> None:
    """End every session of an account, also one that is being begun just now."""
    session.get_one(Account, account_id, with_for_update=True).session_epoch += 1
    alive = update(StaffSession).where(StaffSession.account_id == account_id, StaffSession.ended_at.is_(None))
    session.execute(alive.values(ended_at=hotline.now()))


def forget(hotline: Hotline, session: Session, now: datetime) -> None:
    """Let go of sessions that have been over for so long that nobody asks for them; the record has the logins."""
    over = now - timedelta(seconds=hotline.settings.session_life) - KEPT
    session.execute(delete(StaffSession).where(StaffSession.began_at < over))


def _alive(hotline: Hotline) -> ColumnElement[bool]:
    """Return the condition for a session, joined with its account, that may still be used."""
    now, settings = hotline.now(), hotline.settings
    return and_(
        StaffSession.ended_at.is_(None),
        StaffSession.epoch == Account.session_epoch,
        Account.disabled.is_(False),
        StaffSession.began_at > now - timedelta(seconds=settings.session_life),
        StaffSession.seen_at > now - timedelta(seconds=settings.session_idle),
    )
