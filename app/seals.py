"""The seal keys: what the vault is locked with, apart from every other secret of the installation.

The newest key encrypts, all of them decrypt (`MultiFernet`).
"""

import base64
import logging
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.keyfile import KeyFile
from app.problems import NotAvailable
from app.settings import Settings, missing_key

log = logging.getLogger(__name__)


class SealKeyMissing(NotAvailable):
    """Raised where the vault is needed and there is no key to it, or none that fits."""


class Seals:
    """The ring of seal keys of one installation."""

    def __init__(self, settings: Settings) -> None:
        """Read nothing yet: an installation without a key still takes all reports that need none."""
        self._keys = KeyFile(settings.seal_keys, settings.seal_file, _forged)

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
        if self.ready:
            return None
        return missing_key("LANGNGHE_SEAL_KEY", self._keys.file, "denunciations are refused with 503")

    def name_what_is_missing(self) -> None:
        """Say at a process's start that there is no key, and what to do."""
        if self.trouble is not None:
            log.error("%s", self.trouble)

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

    def add_key(self) -> None:
        """Put a new key on top of the file; what is locked with older ones still opens."""
        self._keys.add()

    def forget_old(self) -> None:
        """Keep the newest key alone; only for when nothing is locked with an older one any more."""
        self._keys.forget_old()

    def _ring(self) -> MultiFernet:
        try:
            return self._keys.ring()
        except FileNotFoundError:
            raise SealKeyMissing("seal key") from None


def _forged(secrets: Sequence[str]) -> MultiFernet:
    return MultiFernet([_fernet(secret) for secret in secrets])


def _fernet(secret: str) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"langnghe sealed content")
    return Fernet(base64.urlsafe_b64encode(derive.derive(secret.encode())))
