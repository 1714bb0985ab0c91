"""Keys of one purpose, newest first: given by a variable, or in a file of the data folder.

The file is read again whenever it has changed, so that a rotation needs no restart.
"""

import logging
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from app.problems import NotAvailable
from app.settings import keys_of, missing_key

log = logging.getLogger(__name__)

Ring = TypeVar("Ring")


class KeyRing(ABC, Generic[Ring]):
    """The keys of one purpose of an installation, and what is made of them to lock and open with."""

    #: The variable that gives the keys, what follows where there is none, and what is raised then.
    name: ClassVar[str]
    consequence: ClassVar[str]
    missing: ClassVar[type[NotAvailable]]

    def __init__(self, given: tuple[str, ...], file: Path) -> None:
        """Read nothing yet: an installation without a key still does all that needs none."""
        self._given = given
        self._file = file
        self._made: tuple[int, Ring] | None = None

    @abstractmethod
    def _forge(self, given: Sequence[str]) -> Ring:
        """Make of the secrets what locks and opens."""

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
        return None if self.ready else missing_key(self.name, self._file, self.consequence)

    def name_what_is_missing(self) -> None:
        """Say at a process's start that there is no key, and what to do."""
        if self.trouble is not None:
            log.error("%s", self.trouble)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys as they are now, the newest first; none where there is none."""
        return self._given if self._given or not self._file.is_file() else self._in_file()

    def _in_file(self) -> tuple[str, ...]:
        return keys_of(self._file.read_text("ascii"))

    def _ring(self) -> Ring:
        """Return the ring as it is now; raise `missing` when there is no key."""
        try:
            stamp = 0 if self._given else self._file.stat().st_mtime_ns
            if self._made is None or self._made[0] != stamp:
                self._made = stamp, self._forge(self._given or self._in_file())
        except OSError:
            raise self.missing(self.name) from None
        return self._made[1]

    def add_key(self) -> None:
        """Put a new key on top of the file; what is locked with older ones still opens."""
        self._write([secrets.token_urlsafe(32), *self._in_file()])

    def forget_old(self) -> None:
        """Keep the newest key alone; only for when nothing is locked with an older one any more."""
        self._write(self._in_file()[:1])

    def _write(self, keys: Sequence[str]) -> None:
        """Replace the file at once, so that a process that reads meanwhile sees the old or the new keys whole.

        It stays its owner's, whoever runs the command: the services must go on reading it.
        """
        before = self._file.stat()
        part = self._file.with_name(f"{self._file.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write("\n".join(keys) + "\n")
            stream.flush()
            if before.st_uid != os.geteuid():
                os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            os.fsync(stream.fileno())
        part.rename(self._file)
