"""The notices that a person has: what concerns their unit, or nobody's, newest first; seen or not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from app import access, wall
from app.hotline import Hotline
from app.problems import NotFound
from models.account import Account
from models.department import Department
from models.notice import Notice, NoticeSeen
from models.ticket import Ticket
from models.vocabulary import NoticeAudience, NoticeStage, Role, Status

#: Roles that are told anything.
TOLD: Final = access.WORKERS | {Role.COORDINATOR}
PAGE: Final = 50
#: The bell counts no further.
UNSEEN_MAX: Final = 99
_REMINDERS: Final = (NoticeStage.HALF, NoticeStage.MOST)


@dataclass(frozen=True)
class Told:
    """A notice as one person has it. `open` says whether they may open its ticket as it now is."""

    notice: Notice
    seen: bool
    open: bool


@dataclass(frozen=True)
class Page:
    """Part of a person's notices; `after` is the key of the next part, None at the end."""

    notices: list[Told]
    after: str | None


@contextmanager
def reading(hotline: Hotline) -> Iterator[Session]:
    """Yield a session in which notices are read.

    Who leads is told of tickets of the units below, which the wall hides from them: what is theirs `_for` alone says.
    """
    with wall.as_program(), hotline.database.reading() as session:
        yield session


def of(session: Session, account: Account, after: str | None = None) -> Page:
    """Return a person's notices, newest first; raise `NotFound` for a key that we never gave.

    The session is of `reading`.
    """
    seen = _seen_by(account)
    query = (
        select(Notice, seen, access.visible_to(account))
        .join(Ticket, Ticket.id == Notice.ticket_id)
        .where(_for(account))
        .options(
            contains_eager(Notice.ticket).selectinload(Ticket.topic),
            selectinload(Notice.deadline),
            selectinload(Notice.department),
        )
        .order_by(Notice.id.desc())
        .limit(PAGE + 1)
    )
    if after:
        query = query.where(Notice.id < number_of(after))
    rows = [Told(notice, bool(known), bool(may_open)) for notice, known, may_open in session.execute(query)]
    return Page(rows[:PAGE], str(rows[PAGE - 1].notice.id) if len(rows) > PAGE else None)


def unseen(session: Session, account: Account) -> int:
    """Return how many notices a person has not seen, counted up to `UNSEEN_MAX`; the session is of `reading`."""
    new = select(Notice.id).join(Ticket, Ticket.id == Notice.ticket_id).where(_for(account), ~_seen_by(account))
    return session.scalar(select(func.count()).select_from(new.limit(UNSEEN_MAX).subquery())) or 0


def mark_seen(hotline: Hotline, account: Account, *, only: int | None = None, up_to: int | None = None) -> int:
    """Note that a person has seen one of their notices, or all up to one; return how many were new to them.

    Raises `NotFound` for one that is not theirs.
    """
    with wall.as_program(), hotline.database.transaction() as session:
        session.scalar(select(Account.id).where(Account.id == account.id).with_for_update())  # two clicks at once
        mine = select(Notice.id, _seen_by(account)).join(Ticket, Ticket.id == Notice.ticket_id).where(_for(account))
        wanted = Notice.id == only if only is not None else and_(Notice.id <= (up_to or 0), ~_seen_by(account))
        found = session.execute(mine.where(wanted)).all()
        if only is not None and not found:
            raise NotFound
        new = [notice_id for notice_id, seen in found if not seen]
        _note(session, account.id, new, hotline)
        return len(new)


def _note(session: Session, account_id: UUID, notices: Sequence[int], hotline: Hotline) -> None:
    now = hotline.now()
    session.add_all(NoticeSeen(account_id=account_id, notice_id=notice_id, at=now) for notice_id in notices)


def number_of(typed: str) -> int:
    """Return the number of a notice; raise `NotFound` for what is none."""
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 18):
        raise NotFound
    return int(typed)


def _seen_by(account: Account) -> ColumnElement[bool]:
    return exists().where(NoticeSeen.account_id == account.id, NoticeSeen.notice_id == Notice.id)


def _for(account: Account) -> ColumnElement[bool]:
    """Return the condition that a notice, joined with its ticket, is for this person.

    A ticket that was sealed since is known to nobody but coordinators who are cleared, and to them by its own notices.
    """
    told = and_(Notice.skipped.is_(False), _addressed_to(account))
    sealed = Notice.audience == NoticeAudience.CLEARED
    if account.role is Role.COORDINATOR and account.cleared:
        return or_(and_(told, access.open_to_units()), and_(Notice.skipped.is_(False), sealed, _TRIAGED))
    return and_(told, access.open_to_units(), ~sealed)


def _addressed_to(account: Account) -> ColumnElement[bool]:
    if account.role is Role.COORDINATOR:
        return Notice.audience == NoticeAudience.COORDINATORS
    if account.role is Role.HANDLER:
        return and_(Notice.department_id == account.department_id, Notice.stage.in_(_REMINDERS))
    if account.role is Role.SUPERVISOR:
        below = select(Department.id).where(Department.parent_id == account.department_id)
        own = or_(Notice.department_id == account.department_id, Notice.department_id.in_(below))
        return and_(own, Notice.stage.not_in(_REMINDERS))
    return false()


_TRIAGED: Final = Ticket.status != Status.RECEIVED
