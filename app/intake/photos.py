"""Photos: read as pictures or not at all, kept as fresh pixels only.

Re-encoding drops everything that is not a pixel: position, serial numbers, thumbnails, appended archives and scripts.
Pillow decodes JPEG, PNG and WebP, pillow-heif HEIC: both are the maintained bindings of the reference libraries.
"""

import hashlib
import io
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from app.problems import Problem, Refused

PHOTOS_MAX: Final = 5
PHOTO_MB: Final = 10
#: Far below Pillow's own warning (89 million); a JPEG is decoded at a fraction of its size, so phones' 50 million fit.
PIXELS_MAX: Final = 25_000_000
JPEG_PIXELS_MAX: Final = 65_000_000
#: Longest side kept: enough to read a number plate across a street, small enough for a phone's network.
SIDE_MAX: Final = 2048
FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF")

register_heif_opener(thumbnails=False)


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


def read_photos(uploads: list[bytes]) -> tuple[Photo, ...]:
    """Re-encode every upload; raise `Refused` naming each that cannot be taken, by position."""
    if len(uploads) > PHOTOS_MAX:
        raise Refused([Problem("photos", "too_many_photos", {"max": PHOTOS_MAX})])
    photos: list[Photo] = []
    problems: list[Problem] = []
    for position, raw in enumerate(uploads):
        try:
            photos.append(_reencode(raw))
        except Refused as refused:
            problems += [Problem(f"photos.{position}", p.code, p.params) for p in refused.problems]
    if problems:
        raise Refused(problems)
    return tuple(photos)


def _refused(code: str, **params: object) -> Refused:
    return Refused([Problem("photo", code, params)])


def _reencode(raw: bytes) -> Photo:
    if len(raw) > PHOTO_MB * 1024 * 1024:
        raise _refused("photo_too_big", max=PHOTO_MB)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a bomb
            return _pixels(raw)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, RuntimeError, Warning,
            Image.DecompressionBombError):  # fmt: skip
        raise _refused("photo_unreadable") from None


def _pixels(raw: bytes) -> Photo:
    with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
        limit = JPEG_PIXELS_MAX if image.format == "JPEG" else PIXELS_MAX
        if image.width * image.height > limit:
            raise _refused("photo_too_many_pixels", max=limit // 1_000_000)
        if image.format == "JPEG":
            image.draft("RGB", (SIDE_MAX, SIDE_MAX))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((SIDE_MAX, SIDE_MAX))
        flat = _on_white(upright)
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=85, optimize=True)
    return Photo(uuid4(), out.getvalue(), flat.width, flat.height, hashlib.sha256(raw).hexdigest())


def _on_white(image: Image.Image) -> Image.Image:
    """Return a new RGB image of the pixels alone; what was transparent becomes white."""
    if image.mode in {"RGBA", "LA", "P", "PA"}:
        rgba = image.convert("RGBA")
        ground = Image.new("RGB", rgba.size, "white")
        ground.paste(rgba, mask=rgba.getchannel("A"))
        return ground
    pixels = image.convert("RGB")
    fresh = Image.new("RGB", pixels.size)
    fresh.paste(pixels)
    return fresh


def path_of(folder: Path, photo_id: UUID) -> Path:
    """Return where a photo lies; spread over 256 folders."""
    return folder / photo_id.hex[:2] / f"{photo_id.hex}.jpg"


def store(folder: Path, photo: Photo) -> None:
    """Write a photo so that it is whole and on the disk, or not there. Called before the commit that names it."""
    target = path_of(folder, photo.id)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(photo.jpeg)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).rename(target)


def discard(folder: Path, photos: tuple[Photo, ...]) -> None:
    """Remove the photos of a report that was not kept; what a crash leaves behind, `reconcile` removes."""
    for photo in photos:
        path_of(folder, photo.id).unlink(missing_ok=True)
