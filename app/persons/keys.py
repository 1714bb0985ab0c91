"""The contact keys: what names, numbers and addresses are locked with, field by field, and looked up by.

AES-GCM with the row and the field as associated data: a ciphertext that is moved to another row or field does not open.
Each begins with the id of its key. A number is found again by a keyed digest of it (a blind index), for which every
secret of the ring has a key of its own; the newest writes, all are looked up.
"""

import hmac
import logging
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.keyfile import KeyFile
from app.problems import NotAvailable
from app.settings import Settings, missing_key

log = logging.getLogger(__name__)

NAME: Final = "LANGNGHE_CONTACT_KEY"
#: The first byte of every ciphertext: how it was made.
_FORMAT: Final = b"\x01"
_ID: Final = 4
_NONCE: Final = 12
#: Hexadecimal digits of a blind index.
INDEX: Final = 32


class ContactKeyMissing(NotAvailable):
    """Raised where contact data is to be locked or opened and there is no key, or none that fits."""


@dataclass(frozen=True)
class _Key:
    id: bytes
    cipher: AESGCM
    index: bytes


class ContactKeys:
    """The ring of contact keys of one installation."""

    def __init__(self, settings: Settings) -> None:
        """Read nothing yet."""
        self._keys = KeyFile(settings.contact_keys, settings.contact_file, _forged)

    @property
    def ready(self) -> bool:
        """Whether there is a key."""
        return self._keys.ready

    @property
    def from_file(self) -> bool:
        """Whether the keys are in the data folder, where this program may add one."""
        return self._keys.from_file

    @property
    def trouble(self) -> str | None:
        """What is missing and what to do, or None."""
        return None if self.ready else missing_key(NAME, self._keys.file, "reports with a contact are refused with 503")

    def name_what_is_missing(self) -> None:
        """Say at a process's start that there is no key, and what to do."""
        if self.trouble is not None:
            log.error("%s", self.trouble)

    @property
    def ids(self) -> list[str]:
        """The ids of the keys, the newest first; raises `ContactKeyMissing`."""
        return [key.id.hex() for key in self._ring()]

    @property
    def newest(self) -> str:
        """The id of the key that locks; raises `ContactKeyMissing`."""
        return self.ids[0]

    def lock(self, ticket_id: UUID, field: str, value: str) -> str:
        """Lock one field of one ticket's contact with the newest key; raises `ContactKeyMissing`."""
        key, nonce = self._ring()[0], secrets.token_bytes(_NONCE)
        locked = key.cipher.encrypt(nonce, value.encode(), _bound(ticket_id, field))
        return urlsafe_b64encode(_FORMAT + key.id + nonce + locked).decode()

    def open(self, ticket_id: UUID, field: str, token: str) -> str:
        """Open one field; raises `ContactKeyMissing` when its key is not there or it was locked for another place."""
        raw = urlsafe_b64decode(token)
        form, key_id, rest = raw[:1], raw[1 : 1 + _ID], raw[1 + _ID :]
        for key in self._ring():
            if key.id == key_id and form == _FORMAT:
                try:
                    opened = key.cipher.decrypt(rest[:_NONCE], rest[_NONCE:], _bound(ticket_id, field))
                except InvalidTag:
                    break
                return opened.decode()
        raise ContactKeyMissing("none of the contact keys opens this")

    def index(self, number: str) -> str:
        """Return the blind index under which a telephone number (E.164) is kept; raises `ContactKeyMissing`."""
        return _digest(self._ring()[0], number)

    def indexes(self, number: str) -> list[str]:
        """Return every blind index under which a number may be kept still; raises `ContactKeyMissing`."""
        return [_digest(key, number) for key in self._ring()]

    def add_key(self) -> None:
        """Put a new key on top of the file; what is locked with older ones still opens."""
        self._keys.add()

    def forget_old(self) -> None:
        """Keep the newest key alone; only for when nothing is locked with an older one any more."""
        self._keys.forget_old()

    def _ring(self) -> Sequence[_Key]:
        try:
            return self._keys.ring()
        except FileNotFoundError:
            raise ContactKeyMissing("contact key") from None


def _forged(given: Sequence[str]) -> list[_Key]:
    return [
        _Key(
            id=_derived(secret, "contact key id", _ID),
            cipher=AESGCM(_derived(secret, "contact fields")),
            index=_derived(secret, "contact phone index"),
        )
        for secret in given
    ]


def _derived(secret: str, purpose: str, length: int = 32) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"langnghe {purpose}".encode()).derive(
        secret.encode()
    )


def _bound(ticket_id: UUID, field: str) -> bytes:
    return f"contact {ticket_id.hex} {field}".encode()


def _digest(key: _Key, number: str) -> str:
    return hmac.digest(key.index, number.encode(), "sha256").hex()[:INDEX]
