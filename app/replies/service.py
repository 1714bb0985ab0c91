"""Reply templates and a unit's way of working: read by whoever writes to citizens, changed by who leads them.

A unit's own are changed by who leads the unit, the city's by coordinators.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, literal, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from app import access, pagekey
from app.database import known
from app.hotline import Hotline
from app.problems import NotFound, refuse
from app.replies.schema import BY_COORDINATORS, BY_UNITS, Draft
from app.stale import require_seen
from app.work.person import colleagues
from app.work.service import PAGE
from models.account import Account
from models.base import UtcDateTime
from models.reply import ReplyTemplate, UnitPractice
from models.taxonomy import Topic
from models.ticket import Ticket
from models.vocabulary import Role, Status

#: So many are offered for one reply; who needs more needs a search, and has one in the browser.
OFFERED: Final = 40
READERS: Final = access.WORKERS | {Role.COORDINATOR}


def listed(session: Session, account: Account) -> Sequence[ReplyTemplate]:
    """Return the templates that this person may use, the own unit's first, then by title."""
    query = select(ReplyTemplate).where(_usable(account)).options(selectinload(ReplyTemplate.topic))
    own_first = ReplyTemplate.department_id.is_(None)
    return session.scalars(query.order_by(own_first, ReplyTemplate.title, ReplyTemplate.id)).all()


@dataclass(frozen=True)
class Kept:
    """A template as administrators see it: who changed it last; one that is `retired` is offered no more."""

    template: ReplyTemplate
    changed_by: str


@dataclass(frozen=True)
class KeptPage:
    """Templates, the latest changed first; `after` is the key of the next part, None at the end."""

    rows: list[Kept]
    after: str | None


def everyones(session: Session, after: str | None = None) -> KeptPage:
    """Return the templates of the city and of every unit, the latest changed first; raises `NotFound` for a bad key."""
    key = (ReplyTemplate.changed_at, ReplyTemplate.id)
    query = select(ReplyTemplate, Account.display_name).join(Account, Account.id == ReplyTemplate.changed_by)
    query = query.options(joinedload(ReplyTemplate.topic), joinedload(ReplyTemplate.department))
    last = pagekey.read(after)
    if last is not None:
        query = query.where(tuple_(*key) < tuple_(literal(last[0], UtcDateTime), literal(last[1], Uuid)))
    rows = session.execute(query.order_by(*(column.desc() for column in key)).limit(PAGE + 1)).all()
    found = [Kept(template, name) for template, name in rows[:PAGE]]
    end = found[-1].template if len(rows) > PAGE else None
    return KeptPage(found, pagekey.write(end.changed_at, end.id) if end else None)


def read_by_two(session: Session) -> list[tuple[UnitPractice, str]]:
    """Return the units that want a second reader of their answers, and who said so last."""
    query = select(UnitPractice, Account.display_name).join(Account, Account.id == UnitPractice.changed_by)
    query = query.where(UnitPractice.second_approval).options(joinedload(UnitPractice.department))
    return [(practice, name) for practice, name in session.execute(query.order_by(UnitPractice.department_id))]


def fitting(session: Session, account: Account, ticket: Ticket, status: Status) -> Sequence[ReplyTemplate]:
    """Return the templates for a reply that leads to `status`: of the ticket's topic first, the own unit's first."""
    fits = or_(ReplyTemplate.topic_slug.is_(None), ReplyTemplate.topic_slug == ticket.topic_slug)
    query = select(ReplyTemplate).where(_usable(account), ReplyTemplate.status == status, fits)
    rank = (ReplyTemplate.topic_slug.is_(None), ReplyTemplate.department_id.is_(None), ReplyTemplate.title)
    return session.scalars(query.order_by(*rank, ReplyTemplate.id).limit(OFFERED)).all()


def _usable(account: Account) -> ColumnElement[bool]:
    """Return the condition for what this person may use: units their own and the city's, coordinators the city's."""
    own = ReplyTemplate.department_id == account.department_id
    theirs = or_(ReplyTemplate.department_id.is_(None), own)
    return and_(theirs, ~ReplyTemplate.retired, ReplyTemplate.status.in_(statuses_of(account)))


def statuses_of(account: Account) -> tuple[Status, ...]:
    """Return where a ticket may go by a reply that this person's templates are for."""
    return BY_UNITS if account.role in access.WORKERS else (*BY_COORDINATORS, *BY_UNITS)


def may_change(account: Account) -> bool:
    """Tell whether this person keeps templates: the unit's or the city's."""
    return account.role in {Role.SUPERVISOR, Role.COORDINATOR}


def found(session: Session, account: Account, template_id: UUID, *, lock: bool = False) -> ReplyTemplate:
    """Return a template that this person may change; raise `NotFound` for any other."""
    one = session.get(ReplyTemplate, template_id, with_for_update=lock)
    if one is None or one.retired or not may_change(account) or one.department_id != account.department_id:
        raise NotFound
    return one


def save(
    hotline: Hotline, account: Account, draft: Draft, template_id: UUID | None = None, version: str = ""
) -> ReplyTemplate:
    """Write a new template, or over the old one of which the writer saw that version.

    Raises `NotFound`, `Refused`, and `Conflict` where somebody else has saved it meanwhile.
    """
    if not may_change(account):
        raise NotFound
    with hotline.database.transaction() as session:
        if template_id is None:
            one = ReplyTemplate(department_id=account.department_id)
        else:
            one = found(session, account, template_id, lock=True)
            require_seen(one.changed_at, version)
        if draft.topic_slug is not None and not known(session, Topic, draft.topic_slug):
            raise refuse("topic_slug", "unknown_topic")
        if draft.status not in statuses_of(account):
            raise refuse("status", "not_one_of", expected=", ".join(statuses_of(account)))
        one.title, one.body, one.status, one.topic_slug = draft.title, draft.body, draft.status, draft.topic_slug
        one.changed_at, one.changed_by = hotline.now(), account.id
        session.add(one)
        session.flush()
        return one


def retire(hotline: Hotline, account: Account, template_id: UUID) -> None:
    """Offer a template no more. Raises `NotFound`."""
    with hotline.database.transaction() as session:
        one = found(session, account, template_id)
        one.retired, one.changed_at, one.changed_by = True, hotline.now(), account.id


def ask_for_second(hotline: Hotline, account: Account, *, wanted: bool) -> None:
    """Let answers of the own unit wait for a second person from now on, or no more; what waits already goes on waiting.

    Raises `NotFound` for who leads no unit, `Refused` where there is nobody who could be the second person.
    """
    if account.role is not Role.SUPERVISOR or account.department_id is None:
        raise NotFound
    with hotline.database.transaction() as session:
        if wanted and len(colleagues(session, account.department_id)) < 2:
            raise refuse("second_approval", "nobody_second")
        one = session.get(UnitPractice, account.department_id) or UnitPractice(department_id=account.department_id)
        one.second_approval, one.changed_at, one.changed_by = wanted, hotline.now(), account.id
        session.add(one)
