"""Accounts: proving who one is by a password, being invited, being shut out. Only hashes are kept."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from app.audit.record import record
from app.database import known
from app.hotline import Hotline
from app.problems import NotFound, Problem, Refused, refuse
from app.words import words_of
from models.account import Account, ApiToken, Invitation
from models.department import Department
from models.vocabulary import AuditKind, Role
from routing.folding import fold

PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 128
#: Of 0 to 4, as zxcvbn counts: 3 withstands 100 million guesses. It knows the passwords of great leaks, names, words,
#: rows of keys, dates and what people make of them; nothing leaves the machine.
STRENGTH_MIN: Final = 3
#: Characters that are looked at: it takes long over more, and what is weak is weak in its beginning.
STRENGTH_READ: Final = 72
#: Words that a guesser tries first here.
_LOCAL_WORDS: Final = ("langnghe", "lang nghe", "matkhau", "mat khau", "hotline", "1022", "saigon", "hcm", "vietnam")
NAME_MAX: Final = 120
INVITATION_LIFE: Final = timedelta(hours=24)
NEEDS_DEPARTMENT: Final = frozenset({Role.HANDLER, Role.SUPERVISOR})
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
_hasher: Final = PasswordHasher()


@dataclass(frozen=True)
class NewAccount:
    """What an administrator says about a person who is to come in."""

    username: str
    display_name: str
    role: Role
    department_id: str | None = None
    cleared: bool = False


@cache
def _dummy_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def token_hash(hotline: Hotline, token: str) -> str:
    """Return the keyed hash under which a bearer token or a link is kept."""
    return hmac.new(hotline.keys.tokens, token.encode(), hashlib.sha256).hexdigest()


def authenticate(session: Session, username: str, password: str) -> Account | None:
    """Return the account, or None. An unknown user costs the same work as a known one."""
    if len(password) > PASSWORD_MAX:
        return None  # refused before hashing: a megabyte of password is an attack, not a memory
    account = _named(session, username)
    stored = account.password_hash if account is not None else None
    nobodys = _dummy_hash()  # made once a process, whoever asks first
    try:
        _hasher.verify(stored or nobodys, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return account if account is not None and stored and not account.disabled else None


def _named(session: Session, username: str) -> Account | None:
    name = username.strip().lower()
    return session.scalar(select(Account).where(Account.username == name)) if _USERNAME.fullmatch(name) else None


def note_failure(hotline: Hotline, session: Session, username: str) -> None:
    """Write down for auditors that a login failed: whose, if the name is somebody's; never what was typed."""
    account = _named(session, username)
    record(session, hotline.now(), AuditKind.LOGIN_FAILED, account=account.id if account else None)


def is_password_of(account: Account, password: str) -> bool:
    """Tell whether this is an account's password; for who is in and gives it once more."""
    if len(password) > PASSWORD_MAX or account.password_hash is None:
        return False
    try:
        return _hasher.verify(account.password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def check_password(password: str, *own_words: str) -> list[Problem]:
    """Return what is wrong with a new password. `own_words` (names) make it easy to guess."""
    if len(password) < PASSWORD_MIN:
        return [Problem("password", "password_short", {"min": PASSWORD_MIN})]
    if len(password) > PASSWORD_MAX:
        return [Problem("password", "password_long", {"max": PASSWORD_MAX})]
    named = [part for word in own_words for part in _ways_to_write(word)]
    if zxcvbn(password[:STRENGTH_READ], [*_LOCAL_WORDS, *named])["score"] < STRENGTH_MIN:
        return [Problem("password", "password_common")]
    return []


def _ways_to_write(name: str) -> set[str]:
    """Return a name as it may stand in a password: whole or in parts, with its marks and without."""
    parts = [part for part in re.split(r"[\s._-]+", name) if part]
    written = {name, "".join(parts), *parts}
    return written | {fold(one) for one in written}


def change_password(hotline: Hotline, session: Session, account: Account, current: str, new: str) -> None:
    """Change one's own password, which ends all one's sessions and links still open to set one.

    Raises `Refused` for a wrong present or weak new one.
    """
    problems = [] if is_password_of(account, current) else [Problem("current", "password_wrong")]
    problems += check_password(new, account.username, account.display_name)
    if problems:
        raise Refused(problems)
    set_password(account, new)
    _close_invitations(hotline, session, account)
    record(session, hotline.now(), AuditKind.PASSWORD_SET, account=account.id, actor=account.id)


def set_password(account: Account, password: str) -> None:
    """Set a checked password; every session that began with the old one is over."""
    account.password_hash = _hasher.hash(password)
    account.session_epoch += 1


def create(session: Session, now: datetime, new: NewAccount) -> Account:
    """Add an account without a password; raise `Refused` with every problem."""
    problems = []
    username = new.username.strip().lower()
    if not _USERNAME.fullmatch(username):
        problems.append(Problem("username", "username"))
    elif session.scalar(select(Account.id).where(Account.username == username)):
        problems.append(Problem("username", "username_taken"))
    try:
        display_name = " ".join(words_of("display_name", new.display_name, NAME_MAX).split())
    except Refused as refused:
        problems += refused.problems
    if new.role in NEEDS_DEPARTMENT and not new.department_id:
        problems.append(Problem("department_id", "needs_department"))
    if new.department_id and not known(session, Department, new.department_id):
        problems.append(Problem("department_id", "unknown_department"))
    if problems:
        raise Refused(problems)
    account = Account(
        username=username,
        display_name=display_name,
        role=new.role,
        department_id=new.department_id if new.role in NEEDS_DEPARTMENT else None,
        cleared=new.cleared and new.role is Role.COORDINATOR,
        disabled=False,
        session_epoch=0,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def invite(hotline: Hotline, session: Session, account: Account | None) -> str:
    """Return a one-time token to set a password with; without an account, to become the first administrator."""
    token = secrets.token_urlsafe(32)
    session.add(
        Invitation(
            token_hash=token_hash(hotline, token),
            account_id=account.id if account else None,
            expires_at=hotline.now() + INVITATION_LIFE,
        )
    )
    return token


def needs_first_administrator(session: Session) -> bool:
    """Tell whether nobody can administer this installation yet."""
    ready = select(func.count()).where(
        Account.role == Role.ADMIN, Account.password_hash.is_not(None), Account.disabled.is_(False)
    )
    return not session.scalar(ready)


def find_invitation(hotline: Hotline, session: Session, token: str) -> Invitation:
    """Return a usable invitation, locked; raise `Refused` for one that is unknown, used, over or of nobody any more."""
    invitation = session.scalar(
        select(Invitation).where(Invitation.token_hash == token_hash(hotline, token[:200])).with_for_update()
    )
    usable = invitation is not None and invitation.used_at is None and invitation.expires_at > hotline.now()
    if invitation is None or not usable:
        raise refuse("token", "invitation")
    if invitation.account_id is None:
        usable = needs_first_administrator(session)
    else:
        usable = not session.get_one(Account, invitation.account_id).disabled
    if not usable:
        raise refuse("token", "invitation")
    return invitation


def accept_invitation(
    hotline: Hotline, session: Session, token: str, password: str, first: NewAccount | None
) -> Account:
    """Set the password of the invited account, whose other links are over then.

    `first` names the administrator whom a first link creates.
    """
    invitation = find_invitation(hotline, session, token)
    account = session.get_one(Account, invitation.account_id) if invitation.account_id is not None else None
    named = account or first
    problems = check_password(password, named.username, named.display_name) if named else check_password(password)
    if problems:
        raise Refused(problems)
    if account is None:
        if first is None:
            raise refuse("username", "required")
        account = create(session, hotline.now(), first)
        record(session, hotline.now(), AuditKind.ACCOUNT_CREATED, account=account.id, detail=account.role)
    set_password(account, password)
    record(session, hotline.now(), AuditKind.PASSWORD_SET, account=account.id, actor=account.id, detail="invitation")
    invitation.used_at = hotline.now()
    _close_invitations(hotline, session, account)
    return account


def _close_invitations(hotline: Hotline, session: Session, account: Account) -> None:
    """Let no other link of somebody who has set a password set another."""
    still_open = update(Invitation).where(Invitation.account_id == account.id, Invitation.used_at.is_(None))
    session.execute(still_open.values(used_at=hotline.now()))


def disable(session: Session, now: datetime, account_id: UUID, actor_id: UUID | None = None) -> None:
    """Shut an account out, with its tokens; raise `NotFound` if there is none. The caller ends its sessions.

    `actor_id` is who does it; None is the machine's own hand.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound
    account.disabled = True
    for token in session.scalars(select(ApiToken).where(ApiToken.account_id == account_id)):
        token.revoked_at = token.revoked_at or now
    record(session, now, AuditKind.ACCOUNT_DISABLED, account=account_id, actor=actor_id)
