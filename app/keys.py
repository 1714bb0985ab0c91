"""Keys for single purposes, derived from a secret, so that a leak of one does not open the others."""

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
    """Derive every key from the installation's secret."""
    return Keys(
        codes=derived(secret, "tracking codes"),
        tokens=derived(secret, "tokens"),
        web=derived(secret, "cookies"),
        answers=cipher(secret, "idempotent answers"),
        desk=cipher(secret, "call desk"),
        factors=cipher(secret, "second factors"),
        webhooks=cipher(secret, "webhooks"),
        devices=derived(secret, "known devices"),
    )


def cipher(secret: str, purpose: str) -> Fernet:
    """Return what encrypts for one purpose."""
    return Fernet(base64.urlsafe_b64encode(derived(secret, purpose)))


def derived(secret: str, purpose: str, length: int = 32) -> bytes:
    """Return a key of `length` bytes for one purpose (HKDF, RFC 5869)."""
    expand = HKDF(algorithm=SHA256(), length=length, salt=None, info=f"langnghe {purpose}".encode())
    return expand.derive(secret.encode())
