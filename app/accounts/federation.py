"""From what an OpenID provider says to an account here: by issuer and subject alone, its role anew at each login."""

import re
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from app.accounts import service, staff_sessions, tokens
from app.accounts.groups import Post, post_for
from app.accounts.provider import Claims
from app.accounts.service import NAME_MAX, NewAccount
from app.audit.record import record
from app.hotline import Hotline
from app.problems import Refused, refuse
from app.units.today import is_open
from app.work import person
from models.account import Account, FederatedIdentity
from models.vocabulary import AuditKind

_ATTEMPTS: Final = 100


def account_of(hotline: Hotline, posts: tuple[Post, ...], claims: Claims) -> Account:
    """Return the account of somebody whom the provider vouches for, made at their first login.

    Raises `Refused` for who is in no group that has a role here, or only in one of a unit that is closed, and for who
    is shut out: no group lets them in again. Who lost their role loses their sessions and API tokens too.
    """
    post = post_for(posts, claims.groups)
    try:
        account = _settled(hotline, post, claims)
    except IntegrityError:  # somebody came in twice at once for the first time: the other has made the account
        account = _settled(hotline, post, claims)
    if account is None:
        raise refuse("", "sso_no_role")
    return account


def _settled(hotline: Hotline, post: Post | None, claims: Claims) -> Account | None:
    """Return the account as its post now is; None for who has no role here: whatever let them in is over."""
    with hotline.database.transaction() as session:
        identity = _identity(session, claims)
        if post is None or (post.department_id is not None and not is_open(hotline, session, post.department_id)):
            if identity is not None:
                staff_sessions.end_all(hotline, session, identity.account_id)
                tokens.revoke_all(hotline, session, identity.account_id)
            return None
        if identity is None:
            return _new(hotline, session, post, claims)
        account = identity.account
        if account.disabled:
            raise refuse("", "sso_disabled")
        if (account.role, account.department_id, account.cleared) != (post.role, post.department_id, post.cleared):
            if account.department_id != post.department_id:
                person.let_go_of_all(session, account.id, hotline.now())
            account.role, account.department_id, account.cleared = post.role, post.department_id, post.cleared
            record(session, hotline.now(), AuditKind.ACCOUNT_CHANGED, account=account.id, detail=post.role)
            tokens.revoke_all(hotline, session, account.id)  # made for what the post was that is left
        return account


def _identity(session: Session, claims: Claims) -> FederatedIdentity | None:
    return session.scalar(
        select(FederatedIdentity)
        .where(FederatedIdentity.issuer == claims.issuer, FederatedIdentity.subject == claims.subject)
        .options(joinedload(FederatedIdentity.account))
    )


def _new(hotline: Hotline, session: Session, post: Post, claims: Claims) -> Account:
    display_name = " ".join(claims.display_name.split())[:NAME_MAX] or "?"
    name = _free_name(session, claims)
    try:
        new = NewAccount(name, display_name, post.role, post.department_id, post.cleared)
        account = service.create(session, hotline.now(), new)
    except Refused:  # a name that we do not keep, such as one with control characters
        new = NewAccount(name, name, post.role, post.department_id, post.cleared)
        account = service.create(session, hotline.now(), new)
    now = hotline.now()
    session.add(FederatedIdentity(account_id=account.id, issuer=claims.issuer, subject=claims.subject, linked_at=now))
    record(session, now, AuditKind.ACCOUNT_CREATED, account=account.id, detail=f"oidc {post.role}")
    session.flush()
    return account


def _free_name(session: Session, claims: Claims) -> str:
    """Return a user name that nobody has: one that somebody has here already is theirs, whoever claims it there."""
    wanted = re.sub(r"[^a-z0-9._-]", "", claims.username.partition("@")[0].lower()).lstrip("._-")[:50]
    wanted = wanted if len(wanted) >= 3 else "sso"
    for number in range(1, _ATTEMPTS):
        name = wanted if number == 1 and wanted != "sso" else f"{wanted}-{number}"
        if session.scalar(select(Account.id).where(Account.username == name)) is None:
            return name
    raise refuse("", "sso_refused")
