"""Keys of one purpose, newest first: given by a variable, or in a file of the data folder.

The file is read again whenever it has changed, so that a rotation needs no restart.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from app.settings import keys_of

Ring = TypeVar("Ring")


class KeyFile(Generic[Ring]):
    """The secrets of one purpose, and the ring that is made of them."""

    def __init__(self, given: tuple[str, ...], file: Path, forge: Callable[[Sequence[str]], Ring]) -> None:
        """Read nothing yet; `forge` makes of the secrets what locks and opens."""
        self.given = given
        self.file = file
        self._forge = forge
        self._made: tuple[int, Ring] | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a key."""
        return bool(self.given) or self.file.is_file()

    @property
    def from_file(self) -> bool:
        """Whether the keys are in the data folder, where this program may add one."""
        return not self.given

    def ring(self) -> Ring:
        """Return the ring as it is now; raise `FileNotFoundError` when there is no key."""
        stamp = 0 if self.given else self.file.stat().st_mtime_ns
        if self._made is None or self._made[0] != stamp:
            self._made = stamp, self._forge(self.given or keys_of(self.file.read_text("ascii")))
        return self._made[1]

    def add(self) -> None:
        """Put a new key on top of the file; what is locked with older ones still opens."""
        self._write([secrets.token_urlsafe(32), *keys_of(self.file.read_text("ascii"))])

    def forget_old(self) -> None:
        """Keep the newest key alone; only for when nothing is locked with an older one any more."""
        self._write(keys_of(self.file.read_text("ascii"))[:1])

    def _write(self, keys: Sequence[str]) -> None:
        """Replace the file at once, so that a process that reads meanwhile sees the old or the new keys whole."""
        part = self.file.with_name(f"{self.file.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write("\n".join(keys) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(self.file)
