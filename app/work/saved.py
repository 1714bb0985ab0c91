"""Filters that are kept under a name: by a person for themselves, or for everybody of their department."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.problems import NotFound, Problem, Refused
from app.words import words_of
from app.work.filters import Filter
from models.account import Account
from models.vocabulary import Role
from models.worklist import SavedView

NAME_MAX: Final = 60
#: So many views a person, and so many a department: more than that nobody finds again.
VIEWS_MAX: Final = 20
MINE: Final = "mine"
OURS: Final = "ours"


def views(session: Session, account: Account) -> list[SavedView]:
    """Return a person's views and those of their department, each by name."""
    seen = select(SavedView).where(_seen_by(account)).order_by(SavedView.department_id.is_(None), SavedView.name)
    return list(session.scalars(seen))


def _seen_by(account: Account) -> ColumnElement[bool]:
    own = SavedView.account_id == account.id
    return or_(own, SavedView.department_id == account.department_id) if account.department_id else own


def keep(hotline: Hotline, account: Account, name: str, scope: str, wanted: Filter) -> SavedView:
    """Keep a filter under a name; raise `Refused` with every field that will not do."""
    problems = list(_problems(account, scope, wanted))
    try:
        name = words_of("name", " ".join(name.split()), NAME_MAX)
    except Refused as refused:
        problems += refused.problems
    if problems:
        raise Refused(problems)
    ours = scope == OURS
    view = SavedView(
        account_id=None if ours else account.id,
        department_id=account.department_id if ours else None,
        made_by=account.id,
        name=name,
        query=wanted.as_query(),
        made_at=hotline.now(),
    )
    try:
        with hotline.database.transaction() as session:
            same = SavedView.department_id == account.department_id if ours else SavedView.account_id == account.id
            if (session.scalar(select(func.count()).select_from(SavedView).where(same)) or 0) >= VIEWS_MAX:
                raise Refused([Problem("name", "too_many_views", {"max": VIEWS_MAX})])
            session.add(view)
    except IntegrityError:
        raise Refused([Problem("name", "view_name_taken")]) from None
    return view


def _problems(account: Account, scope: str, wanted: Filter) -> Iterator[Problem]:
    if scope not in {MINE, OURS}:
        yield Problem("scope", "unknown_choice")
    elif scope == OURS and account.department_id is None:
        yield Problem("scope", "needs_department")
    if not wanted.narrows:
        yield Problem("", "view_of_everything")


def may_remove(account: Account, view: SavedView) -> bool:
    """Tell whether this person may remove a view: one's own, one that one made, or as the department's supervisor."""
    leads = account.role is Role.SUPERVISOR and view.department_id == account.department_id
    return account.id in {view.account_id, view.made_by} or leads


def remove(hotline: Hotline, account: Account, view_id: UUID) -> None:
    """Remove a view; raise `NotFound` for one that is not there or not this person's to remove."""
    with hotline.database.transaction() as session:
        view = session.scalar(select(SavedView).where(SavedView.id == view_id, _seen_by(account)))
        if view is None or not may_remove(account, view):
            raise NotFound
        session.delete(view)
