"""What an administrator does: make accounts, shut them out, help who lost a factor, decide on days of the calendar."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import deadlines, workdays
from app.accounts import factors, service, staff_sessions, tokens
from app.accounts.service import NewAccount
from app.audit.record import record
from app.database import known
from app.deadlines import Foreseen
from app.hotline import Hotline
from app.problems import NotFound, refuse
from app.units.today import is_open
from app.work import person
from models.account import Account
from models.department import Department
from models.vocabulary import AuditKind

#: Open deadlines, the soonest due first, that a decision on the calendar is tried on; and so many are shown.
FORESEEN: Final = 2000
FORESEEN_SHOWN: Final = 20


@dataclass(frozen=True)
class ForeseenDay:
    """What a decision on a day would do: of how many deadlines, how many come later and how many earlier."""

    decision: workdays.Decision
    looked_at: int
    later: int
    earlier: int
    moves: list[Foreseen]
    more: bool


def all_accounts(session: Session) -> list[Account]:
    """Return every account by user name."""
    query = select(Account).order_by(Account.username).options(selectinload(Account.department))
    return list(session.scalars(query))


def create_account(hotline: Hotline, new: NewAccount, actor_id: UUID | None = None) -> str:
    """Add an account and return the one-time link to hand over; nobody is put into a unit that is not open today."""
    with hotline.database.transaction() as session:
        unit = new.department_id
        if unit and known(session, Department, unit) and not is_open(hotline, session, unit):
            raise refuse("department_id", "unknown_department")
        account = service.create(session, hotline.now(), new)
        record(session, hotline.now(), AuditKind.ACCOUNT_CREATED, account=account.id, actor=actor_id, detail=new.role)
        return invitation_link(hotline, service.invite(hotline, session, account))


def invite_again(hotline: Hotline, account_id: UUID, actor_id: UUID | None = None) -> str:
    """Return a new one-time link for an account; raise `NotFound` if there is none or it is shut out."""
    with hotline.database.transaction() as session:
        account = _usable(session, account_id)
        record(session, hotline.now(), AuditKind.INVITED, account=account_id, actor=actor_id)
        return invitation_link(hotline, service.invite(hotline, session, account))


def invitation_link(hotline: Hotline, token: str) -> str:
    """Return the address a person opens; the token is behind the #, so that no log sees it."""
    return f"{hotline.settings.public_url}/accounts/invitation#{token}"


def disable_account(hotline: Hotline, account_id: UUID, actor_id: UUID | None = None) -> None:
    """Shut an account out, with its sessions, and let go of its tickets; raise `NotFound` if there is none."""
    with hotline.database.transaction() as session:
        service.disable(session, hotline.now(), account_id, actor_id)
        staff_sessions.end_all(hotline, session, account_id)
        person.let_go_of_all(session, account_id, hotline.now())


def reset_factor(hotline: Hotline, account_id: UUID, actor_id: UUID | None = None) -> None:
    """Take a lost second factor off and end the account's sessions; raise `NotFound` if there is no such account.

    Nobody does it to themselves: who has their own codes takes it off with one, who has not needs another's eyes.
    """
    if account_id == actor_id:
        raise NotFound
    with hotline.database.transaction() as session:
        _usable(session, account_id)
        factors.reset(hotline, session, account_id, actor_id)
        staff_sessions.end_all(hotline, session, account_id)


def end_sessions(hotline: Hotline, account_id: UUID, actor_id: UUID) -> None:
    """Log an account out everywhere; raise `NotFound` if there is none."""
    with hotline.database.transaction() as session:
        _usable(session, account_id)
        staff_sessions.end_all(hotline, session, account_id)
        record(session, hotline.now(), AuditKind.SESSIONS_ENDED, account=account_id, actor=actor_id)


def revoke_token(hotline: Hotline, account_id: UUID, token_id: UUID, actor_id: UUID) -> None:
    """Take a token of an account back; raise `NotFound` for what is none."""
    with hotline.database.transaction() as session:
        tokens.revoke(hotline, session, account_id, token_id, actor_id)


def find_account(session: Session, account_id: UUID) -> Account:
    """Return an account with its unit; raise `NotFound` if there is none."""
    account = session.get(Account, account_id, options=[selectinload(Account.department)])
    if account is None:
        raise NotFound
    return account


def decide_on_day(hotline: Hotline, decision: workdays.Decision) -> None:
    """Decide on a day of the calendar; every process takes it up when it next looks. Raises `Refused`."""
    with hotline.database.transaction() as session:
        workdays.change(session, hotline.calendar(session), hotline.now(), decision)


def foresee_day(hotline: Hotline, decision: workdays.Decision) -> ForeseenDay:
    """Return what a decision on a day would do to open deadlines; nothing is changed. Raises `Refused`."""
    with hotline.database.reading() as session:
        workdays.refuse_pointless(hotline.calendar(session), hotline.now(), decision)
        calendar = workdays.with_decision(hotline.files.calendar, session, decision)
        looked_at, moves, more = deadlines.foresee(session, calendar, hotline.now(), FORESEEN)
    later = sum(one.after > one.before for one in moves)
    return ForeseenDay(decision, looked_at, later, len(moves) - later, moves[:FORESEEN_SHOWN], more=more)


def _usable(session: Session, account_id: UUID) -> Account:
    account = session.get(Account, account_id)
    if account is None or account.disabled:
        raise NotFound
    return account
