"""Where photos lie: files that are whole or not there, named before the commit that names them.

Apart from the reading of pictures, so that processes which only move them need not load the decoders.
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.database import outcome_unknown
from app.disk import sync_folder
from app.problems import NotAvailable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Photo:
    """A re-encoded picture, ready to be written under a random name."""

    id: UUID
    jpeg: bytes
    width: int
    height: int
    source_sha256: str

    @property
    def sha256(self) -> str:
        """Digest of what is kept."""
        return hashlib.sha256(self.jpeg).hexdigest()


def path_of(folder: Path, photo_id: UUID) -> Path:
    """Return where a photo lies; spread over 256 folders."""
    return folder / photo_id.hex[:2] / f"{photo_id.hex}.jpg"


def store(folder: Path, photo: Photo) -> None:
    """Write a photo so that it is whole and on the disk, or not there. Called before the commit that names it.

    Its folder is synced too: a power cut could take its name away and leave the row. Raises `NotAvailable` when the
    disk does not take it, such as a full one.
    """
    target = path_of(folder, photo.id)
    part = target.with_suffix(".part")
    try:
        _make(target.parent)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(photo.jpeg)
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
        log.error("a photo could not be stored: %s", error.strerror)  # noqa: TRY400 - where is plain, why matters
        raise NotAvailable("photo store") from error


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        sync_folder(folder.parent)


@contextmanager
def with_their_rows(folder: Path, photos: Sequence[Photo]) -> Iterator[None]:
    """Let photos go away again when the commit that names them does not come.

    They stay where nobody knows whether it came, for their rows may stand: the connection broke before the database had
    answered. Those that no row names are removed by `reconcile` once they are an hour old.
    """
    try:
        yield
    except BaseException as error:
        if not outcome_unknown(error):
            discard(folder, photos)
        raise


def discard(folder: Path, photos: Sequence[Photo]) -> None:
    """Remove the photos of a report that was not kept; what a crash leaves behind, `reconcile` removes."""
    for photo in photos:
        path_of(folder, photo.id).unlink(missing_ok=True)
