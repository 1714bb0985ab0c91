"""The seal keys: what the vault is locked with, apart from every other secret of the installation.

The newest key encrypts, all of them decrypt (`MultiFernet`).
"""

from collections.abc import Sequence

from cryptography.fernet import InvalidToken, MultiFernet

from app.keyfile import KeyRing
from app.keys import cipher
from app.problems import NotAvailable
from app.settings import Settings


class SealKeyMissing(NotAvailable):
    """Raised where the vault is needed and there is no key to it, or none that fits."""


class Seals(KeyRing[MultiFernet]):
    """The ring of seal keys of one installation."""

    name = "LANGNGHE_SEAL_KEY"
    consequence = "denunciations are refused with 503"
    missing = SealKeyMissing

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.seal_keys, settings.seal_file)

    def _forge(self, given: Sequence[str]) -> MultiFernet:
        return MultiFernet([cipher(secret, "sealed content") for secret in given])

    def encrypt(self, content: bytes) -> bytes:
        """Lock with the newest key; raises `SealKeyMissing`."""
        return self._ring().encrypt(content)

    def decrypt(self, envelope: bytes) -> bytes:
        """Unlock with whichever key fits; raises `SealKeyMissing` when none does."""
        try:
            return self._ring().decrypt(envelope)
        except InvalidToken:
            raise SealKeyMissing("none of the seal keys opens this") from None

    def renewed(self, envelope: bytes) -> bytes:
        """Return the same content locked with the newest key; raises `SealKeyMissing` when no key opens it."""
        try:
            return self._ring().rotate(envelope)
        except InvalidToken:
            raise SealKeyMissing("none of the seal keys opens this") from None
