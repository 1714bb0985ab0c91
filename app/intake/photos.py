"""Photos: read as pictures or not at all, kept as fresh pixels only.

Re-encoding drops everything that is not a pixel: position, serial numbers, thumbnails, appended archives and scripts.
Pillow decodes JPEG, PNG and WebP, pillow-heif HEIC: both are the maintained bindings of the reference libraries.
"""

import hashlib
import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from uuid import uuid4

from PIL import ExifTags, Image, PngImagePlugin
from PIL.Image import Transpose
from pillow_heif import register_heif_opener

from app.photostore import Photo
from app.problems import Problem, Refused

PHOTOS_MAX: Final = 5
PHOTO_MB: Final = 10
#: What is decoded, far below Pillow's own warning (89 million). A JPEG that is not progressive is decoded at a fraction
#: of its size, so phones' 50 million fit.
PIXELS_MAX: Final = 25_000_000
JPEG_PIXELS_MAX: Final = 65_000_000
#: Bytes of text in a PNG, which we read past; Pillow would unpack 64 million.
PNG_TEXT_MAX: Final = 4 * 1024 * 1024
#: Longest side kept: enough to read a number plate across a street, small enough for a phone's network.
SIDE_MAX: Final = 2048
FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF")
#: Orientation as cameras note it → how to turn the picture upright.
TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}

#: What decoders raise over bytes that are not what they say; most of it is what Pillow itself expects while it opens.
BROKEN: Final = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    EOFError,
    RuntimeError,
    struct.error,
    Warning,
)

register_heif_opener(thumbnails=False)
PngImagePlugin.MAX_TEXT_MEMORY = PNG_TEXT_MAX
# Once for the process: filters that are set and put back around each picture get mixed up between threads.
warnings.filterwarnings("ignore", module=r"PIL\.")  # of broken notes in a picture, which we do not keep
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
#: A picture takes up to 400 MB while it is read. However many come at once, a process reads one at a time, and always
#: in this thread: what one gives back in another, the allocator keeps for that one.
_reader: Final = ThreadPoolExecutor(1, "photos")


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
        return _reader.submit(_pixels, raw).result()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _refused("photo_too_many_pixels", max=PIXELS_MAX // 1_000_000) from None
    except BROKEN:
        raise _refused("photo_unreadable") from None


def _pixels(raw: bytes) -> Photo:
    with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
        in_steps = image.format == "JPEG" and not image.info.get("progressive")
        _check_pixels(image, JPEG_PIXELS_MAX if in_steps else PIXELS_MAX)
        if image.format == "JPEG":
            image.draft("RGB", (SIDE_MAX, SIDE_MAX))
            _check_pixels(image, PIXELS_MAX)  # a long thin one is not made smaller
        image.thumbnail((SIDE_MAX, SIDE_MAX))
        turn = _turn(image)
        flat = _on_white(image)
    upright = flat if turn is None else flat.transpose(turn)
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=85, optimize=True)
    return Photo(uuid4(), out.getvalue(), upright.width, upright.height, hashlib.sha256(raw).hexdigest())


def _turn(image: Image.Image) -> Transpose | None:
    """Return how to turn a picture that has been read; one whose notes are broken is taken as it lies."""
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except BROKEN:
        return None


def _check_pixels(image: Image.Image, most: int) -> None:
    if image.width * image.height > most:
        raise _refused("photo_too_many_pixels", max=most // 1_000_000)


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
