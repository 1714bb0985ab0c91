"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import pyotp
import segno
from cryptography.fernet import InvalidToken
from markupsafe import Markup
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.accounts.service import token_hash
from app.audit.record import record
from app.hotline import Hotline
from app.problems import refuse
from models.account import Account, RecoveryCode, SecondFactor
from models.vocabulary import AuditKind, Role

ISSUER: Final = "Lắng Nghe"
#: Seconds a code is of, and how many of these before and after now are taken: telephones' clocks go wrong.
STEP: Final = 30
DRIFT: Final = 1
RECOVERY_CODES: Final = 10
#: No letter that is taken for another. 10 of 30 characters are 49 bits.
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECOVERY_LENGTH: Final = 10
OFFER_LIFE: Final = timedelta(minutes=30)


class Shown(StrEnum):
    """What was shown as a second factor."""

    APP = "app"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class Offer:
    """A secret that an app may take over. `sealed` goes into the form and comes back: nothing is stored before."""

    secret: str
    sealed: str
    qr: Markup


def required_of(account: Account) -> bool:
    """Tell whether an account must have a second factor: who administers, and who opens denunciations."""
    return account.role is Role.ADMIN or account.cleared


def is_set(session: Session, account_id: UUID) -> bool:
    """Tell whether an account has a second factor."""
    return session.get(SecondFactor, account_id) is not None


def new_offer(hotline: Hotline, account: Account) -> Offer:
    """Return a new secret for an account, as letters and as a QR code."""
    return _offer(hotline, account, pyotp.random_base32())


def same_offer(hotline: Hotline, account: Account, sealed: str) -> Offer:
    """Return an offer again; raise `Refused` for one that is too old or was made for another account."""
    return _offer(hotline, account, _secret_of(hotline, account, sealed))


def _offer(hotline: Hotline, account: Account, secret: str) -> Offer:
    address = pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name=ISSUER)
    # The place of the QR code is the page itself: an address of its own would have the secret in it.
    qr = segno.make(address, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff")
    bound = f"{account.id.hex}:{secret}".encode()
    sealed = hotline.keys.factors.encrypt_at_time(bound, _seconds(hotline)).decode()
    return Offer(secret, sealed, Markup(qr))  # noqa: S704 - squares alone


def _seconds(hotline: Hotline) -> int:
    return int(hotline.now().timestamp())


def _secret_of(hotline: Hotline, account: Account, sealed: str) -> str:
    try:
        life = int(OFFER_LIFE.total_seconds())
        opened = hotline.keys.factors.decrypt_at_time(sealed.encode(), life, _seconds(hotline)).decode()
    except InvalidToken:
        raise refuse("code", "factor_offer") from None
    owner, _, secret = opened.partition(":")
    if owner != account.id.hex:
        raise refuse("code", "factor_offer")
    return secret


def set_up(hotline: Hotline, session: Session, account: Account, sealed: str, code: str) -> list[str]:
    """Take a secret over whose first code is right, and return new recovery codes to be shown this once.

    Raises `Refused` for a wrong code or an old offer, and where a factor is set: that must be taken off first.
    """
    secret = _secret_of(hotline, account, sealed)
    if session.get(SecondFactor, account.id, with_for_update=True) is not None:
        raise refuse("code", "factor_there")
    step = _step_of(hotline, secret, code)
    if step is None:
        raise refuse("code", "second_code")
    kept = hotline.keys.factors.encrypt(secret.encode())
    session.add(SecondFactor(account_id=account.id, secret=kept, last_step=step, set_at=hotline.now()))
    record(session, hotline.now(), AuditKind.FACTOR_SET, account=account.id, actor=account.id)
    return _new_recovery_codes(hotline, session, account.id)


def check(hotline: Hotline, session: Session, account_id: UUID, typed: str) -> Shown | None:
    """Take a code of the app or a recovery code, once; return which it was, or None for one that is not right."""
    typed = re.sub(r"[\s-]", "", typed[:40]).upper()
    if re.fullmatch(r"[0-9]{6}", typed):
        return Shown.APP if _take(hotline, session, account_id, typed) else None
    return Shown.RECOVERY if _spend(hotline, session, account_id, typed) else None


def _take(hotline: Hotline, session: Session, account_id: UUID, code: str) -> bool:
    factor = session.get(SecondFactor, account_id, with_for_update=True)
    if factor is None:
        return False
    try:
        secret = hotline.keys.factors.decrypt(factor.secret).decode()
    except InvalidToken:  # the installation's secret key was changed: recovery codes are lost with it, see the runbook
        return False
    step = _step_of(hotline, secret, code)
    if step is None or step <= factor.last_step:
        return False
    factor.last_step = step
    return True


def _step_of(hotline: Hotline, secret: str, code: str) -> int | None:
    """Return the half minute that a code is of, the latest first; None for a wrong one."""
    totp, now = pyotp.TOTP(secret), _seconds(hotline)
    typed = re.sub(r"\s", "", code[:40])
    matching = [
        now // STEP + drift
        for drift in range(DRIFT, -DRIFT - 1, -1)
        if hmac.compare_digest(totp.at(now + drift * STEP).encode(), typed.encode())
    ]
    return matching[0] if matching else None


def _spend(hotline: Hotline, session: Session, account_id: UUID, typed: str) -> bool:
    found = session.scalar(
        select(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.code_hash == _recovery_hash(hotline, account_id, typed),
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    )
    if found is None:
        return False
    found.used_at = hotline.now()
    record(session, hotline.now(), AuditKind.RECOVERY_USED, account=account_id, actor=account_id)
    return True


def _recovery_hash(hotline: Hotline, account_id: UUID, code: str) -> str:
    return token_hash(hotline, f"recovery:{account_id.hex}:{code}")


def recovery_codes_left(session: Session, account_id: UUID) -> int:
    """Return how many recovery codes have not been used."""
    unused = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return session.scalar(unused) or 0


def renew_recovery_codes(hotline: Hotline, session: Session, account: Account, typed: str) -> list[str]:
    """Return new recovery codes in place of the old ones, for a code that is right; raise `Refused` for a wrong one."""
    _insist(hotline, session, account, typed)
    record(session, hotline.now(), AuditKind.RECOVERY_RENEWED, account=account.id, actor=account.id)
    return _new_recovery_codes(hotline, session, account.id)


def _insist(hotline: Hotline, session: Session, account: Account, typed: str) -> None:
    if check(hotline, session, account.id, typed) is None:
        raise refuse("code", "second_code")


def _new_recovery_codes(hotline: Hotline, session: Session, account_id: UUID) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        session.add(RecoveryCode(account_id=account_id, code_hash=_recovery_hash(hotline, account_id, code)))
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def take_off(hotline: Hotline, session: Session, account: Account, typed: str) -> None:
    """Take the second factor off for a code that is right, as for a new telephone; raise `Refused` for a wrong one."""
    _insist(hotline, session, account, typed)
    _remove(session, account.id)
    record(session, hotline.now(), AuditKind.FACTOR_OFF, account=account.id, actor=account.id)


def reset(hotline: Hotline, session: Session, account_id: UUID, actor_id: UUID | None) -> None:
    """Take a lost second factor off by another's hand; `actor_id` is None for the machine's."""
    _remove(session, account_id)
    record(session, hotline.now(), AuditKind.FACTOR_RESET, account=account_id, actor=actor_id)


def _remove(session: Session, account_id: UUID) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    session.execute(delete(SecondFactor).where(SecondFactor.account_id == account_id))
