"""What an administrator does: make accounts, shut them out, hand out tokens, decide on days of the calendar."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import workdays
from app.accounts import service
from app.accounts.service import NewAccount
from app.database import known
from app.hotline import Hotline
from app.problems import NotFound, refuse
from app.units.today import is_open
from app.work import person
from models.account import Account
from models.department import Department


def all_accounts(session: Session) -> list[Account]:
    """Return every account by user name."""
    query = select(Account).order_by(Account.username).options(selectinload(Account.department))
    return list(session.scalars(query))


def create_account(hotline: Hotline, new: NewAccount) -> str:
    """Add an account and return the one-time link to hand over; nobody is put into a unit that is not open today."""
    with hotline.database.transaction() as session:
        unit = new.department_id
        if unit and known(session, Department, unit) and not is_open(hotline, session, unit):
            raise refuse("department_id", "unknown_department")
        account = service.create(session, hotline.now(), new)
        return invitation_link(hotline, service.invite(hotline, session, account))


def invite_again(hotline: Hotline, account_id: UUID) -> str:
    """Return a new one-time link for an account; raise `NotFound` if there is none or it is shut out."""
    with hotline.database.transaction() as session:
        return invitation_link(hotline, service.invite(hotline, session, _usable(session, account_id)))


def invitation_link(hotline: Hotline, token: str) -> str:
    """Return the address a person opens; the token is behind the #, so that no log sees it."""
    return f"{hotline.settings.public_url}/accounts/invitation#{token}"


def disable_account(hotline: Hotline, account_id: UUID) -> None:
    """Shut an account out, which lets go of its tickets; raise `NotFound` if there is none."""
    with hotline.database.transaction() as session:
        service.disable(session, hotline.now(), account_id)
        person.let_go_of_all(session, account_id, hotline.now())


def create_token(hotline: Hotline, account_id: UUID, name: str) -> str:
    """Return a new bearer token for an account; raise `NotFound` if there is none or it is shut out."""
    with hotline.database.transaction() as session:
        return service.new_token(hotline, session, _usable(session, account_id), name)


def decide_on_day(hotline: Hotline, decision: workdays.Decision) -> None:
    """Decide on a day of the calendar; every process takes it up when it next looks. Raises `Refused`."""
    with hotline.database.transaction() as session:
        workdays.change(session, hotline.calendar(session), hotline.now(), decision)


def _usable(session: Session, account_id: UUID) -> Account:
    account = session.get(Account, account_id)
    if account is None or account.disabled:
        raise NotFound
    return account
