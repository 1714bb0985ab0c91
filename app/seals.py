"""The seal keys: what the vault is locked with, apart from every other secret of the installation.

The newest key encrypts, all of them decrypt (`MultiFernet`). They come from `LANGNGHE_SEAL_KEY`, or from a file in the
data folder that is read again whenever it has changed, so that a rotation needs no restart.
"""

import base64
import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.problems import NotAvailable
from app.settings import Settings, seal_keys_of

log = logging.getLogger(__name__)


class SealKeyMissing(NotAvailable):
    """Raised where the vault is needed and there is no key to it, or none that fits."""


class Seals:
    """The ring of seal keys of one installation."""

    def __init__(self, settings: Settings) -> None:
        """Read nothing yet: an installation without a key still takes all reports that need none."""
        self._given = settings.seal_keys
        self._file = settings.seal_file
        self._read: tuple[int, MultiFernet] | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a key."""
        return bool(self._given) or self._file.is_file()

    @property
    def from_file(self) -> bool:
        """Whether the keys are in the data folder, where this program may add one."""
        return not self._given

    @property
    def trouble(self) -> str | None:
        """What is missing and what to do, or None."""
        if self.ready:
            return None
        return (
            f"LANGNGHE_SEAL_KEY: not set and there is no {self._file}; denunciations are refused with 503 until there "
            "is one: `langnghe migrate` makes one on a single machine, several must share one of 32 characters or more"
        )

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
        _write(self._file, [secrets.token_urlsafe(32), *seal_keys_of(self._file.read_text("ascii"))])

    def forget_old(self) -> None:
        """Keep the newest key alone; only for when nothing is locked with an older one any more."""
        _write(self._file, seal_keys_of(self._file.read_text("ascii"))[:1])

    def _ring(self) -> MultiFernet:
        try:
            stamp = 0 if self._given else self._file.stat().st_mtime_ns
            if self._read is None or self._read[0] != stamp:
                keys = self._given or seal_keys_of(self._file.read_text("ascii"))
                self._read = stamp, MultiFernet([_fernet(key) for key in keys])
        except FileNotFoundError:
            raise SealKeyMissing("seal key") from None
        return self._read[1]


def _fernet(secret: str) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"langnghe sealed content")
    return Fernet(base64.urlsafe_b64encode(derive.derive(secret.encode())))


def _write(file: Path, keys: Sequence[str]) -> None:
    """Replace the file at once, so that a process that reads meanwhile sees the old or the new keys whole."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write("\n".join(keys) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.rename(file)
