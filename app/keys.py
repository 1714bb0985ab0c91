"""Keys for single purposes, derived from the one secret, so that a leak of one does not open the others."""

import base64
from dataclasses import dataclass

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True)
class Keys:
    """`codes` hashes tracking codes, `tokens` hashes bearer tokens and links, `web` signs cookies.

    `answers` encrypts what is kept to be repeated, `desk` what call-takers have in hand (drafts, numbers, call-backs),
    `factors` what authenticator apps share with us, `webhooks` what receivers of webhooks do; `devices` signs the
    cookie by which a device is known again.
    """

    codes: bytes
    tokens: bytes
    web: bytes
    answers: Fernet
    desk: Fernet
    factors: Fernet
    webhooks: Fernet
    devices: bytes


def derive(secret: str) -> Keys:
    """Derive every key from the installation's secret (HKDF, RFC 5869)."""
    return Keys(
        codes=_purpose(secret, "tracking codes"),
        tokens=_purpose(secret, "tokens"),
        web=_purpose(secret, "cookies"),
        answers=_cipher(secret, "idempotent answers"),
        desk=_cipher(secret, "call desk"),
        factors=_cipher(secret, "second factors"),
        webhooks=_cipher(secret, "webhooks"),
        devices=_purpose(secret, "known devices"),
    )


def _cipher(secret: str, name: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_purpose(secret, name)))


def _purpose(secret: str, name: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"langnghe {name}".encode()).derive(secret.encode())
