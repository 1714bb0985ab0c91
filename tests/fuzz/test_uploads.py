"""Photos as somebody may send them."""

import io
from functools import cache

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pillow_heif import register_heif_opener

from app.intake.photos import PHOTO_MB, SIDE_MAX, read_photos
from app.problems import Refused
from tests.fuzz.made_up import BRIEFLY, damaged, in_time

register_heif_opener(thumbnails=False)


@cache
def _picture(kind: str, mode: str = "RGB", **how: object) -> bytes:
    """Return a small picture as a camera, a browser or a script makes it."""
    picture = Image.effect_noise((40, 30), 60).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    out = io.BytesIO()
    picture.save(out, kind, exif=exif, **how)
    return out.getvalue()


def _pictures() -> list[bytes]:
    return [
        _picture("JPEG"),
        _picture("JPEG", "L", progressive=True),
        _picture("JPEG", "CMYK"),
        _picture("PNG"),
        _picture("PNG", "RGBA"),
        _picture("PNG", "P"),
        _picture("PNG", "I;16"),
        _picture("WEBP"),
        _picture("WEBP", "RGBA", lossless=True),
        _picture("HEIF"),
    ]


@BRIEFLY
@given(st.one_of(damaged(_pictures()), st.binary(max_size=200)))
def test_an_upload_is_a_picture_of_ours_or_refused(raw: bytes) -> None:
    try:
        with in_time():
            (photo,) = read_photos([raw])
    except Refused as refused:
        assert [problem.field for problem in refused.problems] == ["photos.0"]  # noqa: PT017 - or it is a picture
        return
    with Image.open(io.BytesIO(photo.jpeg)) as kept:
        assert kept.format == "JPEG"
        assert kept.size == (photo.width, photo.height)
        assert max(kept.size) <= SIDE_MAX
        assert not kept.getexif()
    assert len(photo.jpeg) <= PHOTO_MB * 1024 * 1024
