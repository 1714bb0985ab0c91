"""Bearer tokens of the API: for so much, for so long, and to be taken back. Only keyed hashes are kept."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, joinedload

from app.accounts.seen import note
from app.accounts.service import NAME_MAX, token_hash
from app.audit.record import record
from app.hotline import Hotline
from app.problems import NotFound, OutOfScope, Problem, Refused, refuse
from app.words import words_of
from models.account import Account, ApiToken
from models.vocabulary import AuditKind, Scope

#: What every token begins with, so that one that was lost is known for what it is.
PREFIX: Final = "ln_"
#: Days a token may live, to choose from; the second is what is chosen unless somebody says otherwise.
LIVES: Final = (30, 90, 365)
USUAL_LIFE: Final = 90
#: Last use is written at most so often.
USED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class NewToken:
    """What somebody wants a token for. `days` is one of `LIVES`."""

    name: str = ""
    scopes: Collection[Scope] = tuple(Scope)
    days: int = USUAL_LIFE


def new_token(hotline: Hotline, session: Session, account: Account, new: NewToken, actor_id: UUID | None = None) -> str:
    """Return a bearer token for the API. It is shown this once; only its hash is kept. Raises `Refused`.

    `actor_id` is who makes it; None is the machine's own hand.
    """
    if not new.scopes:
        raise refuse("scopes", "scopes_needed")
    if new.days not in LIVES:
        raise refuse("days", "not_one_of", expected=", ".join(map(str, LIVES)))
    token = PREFIX + secrets.token_urlsafe(32)
    asked = " ".join(sorted(set(new.scopes)))
    session.add(
        ApiToken(
            account_id=account.id,
            token_hash=token_hash(hotline, token),
            name=words_of("name", new.name, NAME_MAX) if new.name.strip() else "API",
            scopes=asked,
            created_at=hotline.now(),
            expires_at=hotline.now() + timedelta(days=new.days),
        )
    )
    record(session, hotline.now(), AuditKind.TOKEN_MADE, account=account.id, actor=actor_id, detail=asked)
    return token


def account_of(hotline: Hotline, token: str, scope: Scope) -> Account | None:
    """Return whose token this is, or None for one that is unknown, over, taken back, or of a disabled account.

    Raises `OutOfScope` for one that was not made for this. Its use is written down, at most once a minute.
    """
    now = hotline.now()
    with hotline.database.reading() as session:
        found = session.scalar(
            select(ApiToken)
            .where(
                ApiToken.token_hash == token_hash(hotline, token[:200]),
                ApiToken.revoked_at.is_(None),
                ApiToken.expires_at > now,
            )
            .options(joinedload(ApiToken.account))
        )
    if found is None or found.account.disabled:
        return None
    if not found.may(scope):
        raise OutOfScope([Problem("Authorization", "token_scope", {"scope": scope.value})])
    if found.last_used_at is None or now - found.last_used_at >= USED_EVERY:
        stale = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= now - USED_EVERY)
        note(hotline, update(ApiToken).where(ApiToken.id == found.id, stale).values(last_used_at=now))
    return found.account


def of(session: Session, account_id: UUID) -> Sequence[ApiToken]:
    """Return an account's tokens, the newest first."""
    query = select(ApiToken).where(ApiToken.account_id == account_id)
    return session.scalars(query.order_by(ApiToken.created_at.desc(), ApiToken.id)).all()


def revoke(hotline: Hotline, session: Session, account_id: UUID, token_id: UUID, actor_id: UUID) -> None:
    """Take a token of an account back for good; raise `NotFound` for one that is not theirs."""
    found = session.get(ApiToken, token_id)
    if found is None or found.account_id != account_id:
        raise NotFound
    if found.revoked_at is None:
        found.revoked_at = hotline.now()
        record(session, hotline.now(), AuditKind.TOKEN_REVOKED, account=account_id, actor=actor_id)


def revoke_all(hotline: Hotline, session: Session, account_id: UUID, actor_id: UUID | None = None) -> None:
    """Take every token of an account back for good. `actor_id` is who does it; None is the machine's own hand."""
    for token in session.scalars(
        select(ApiToken).where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None))
    ):
        token.revoked_at = hotline.now()
        record(session, hotline.now(), AuditKind.TOKEN_REVOKED, account=account_id, actor=actor_id)


def scopes_from(typed: Sequence[str]) -> set[Scope]:
    """Return the scopes that a form names; raise `Refused` for one that there is not."""
    unknown = set(typed) - set(Scope)
    if unknown:
        raise Refused([Problem("scopes", "not_one_of", {"expected": ", ".join(Scope)})])
    return {Scope(value) for value in typed}
