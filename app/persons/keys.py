"""The contact keys: what names, numbers and addresses are locked with, field by field, and looked up by.

AES-GCM with the row and the field as associated data: a ciphertext that is moved to another row or field does not open.
Each begins with the id of its key. A number is found again by a keyed digest of it (a blind index), for which every
secret of the ring has a key of its own; the newest writes, all are looked up.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.keyfile import KeyRing
from app.keys import derived
from app.problems import NotAvailable
from app.settings import Settings

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


class ContactKeys(KeyRing[list[_Key]]):
    """The ring of contact keys of one installation."""

    name = "LANGNGHE_CONTACT_KEY"
    consequence = "reports with a contact are refused with 503"
    missing = ContactKeyMissing

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.contact_keys, settings.contact_file)

    def _forge(self, given: Sequence[str]) -> list[_Key]:
        return [
            _Key(
                id=derived(secret, "contact key id", _ID),
                cipher=AESGCM(derived(secret, "contact fields")),
                index=derived(secret, "contact phone index"),
            )
            for secret in given
        ]

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


def _bound(ticket_id: UUID, field: str) -> bytes:
    return f"contact {ticket_id.hex} {field}".encode()


def _digest(key: _Key, number: str) -> str:
    return hmac.digest(key.index, number.encode(), "sha256").hex()[:INDEX]
