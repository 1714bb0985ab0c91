"""Which words of a report are the name of a place or a person: syllables of names are words of other things.

"Đường Điện Biên Phủ" has nothing to do with electricity (điện), "phường Thuận Hóa" nothing with invoices (hóa đơn).
Names are known by their capitals, so where somebody writes without any, or with nothing else, none is found.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

from classifier.redact import MASK
from classifier.text import fold

#: What stands before the name of a place.
_BEFORE_A_PLACE: Final = frozenset(
    {"đường", "phố", "phường", "xã", "quận", "huyện", "thị", "trấn", "tỉnh", "tp", "tx", "p", "q", "đ", "kiệt", "hẻm"}
    | {"ngõ", "ngách", "thôn", "ấp", "tổ", "kp", "tdp", "khu", "kdc", "cầu", "chợ"}
)
#: "ngã tư Bảy Hiền"
_WAYS: Final = frozenset({"ba", "tư", "năm", "sáu", "bảy"})
#: The commonest family names: with them begins nearly every name of a person, and so of a street.
_FAMILIES: Final = frozenset(
    {"nguyễn", "trần", "lê", "phạm", "huỳnh", "hoàng", "phan", "vũ", "võ", "đặng", "bùi", "đỗ", "hồ", "ngô", "dương"}
    | {"lý", "đinh", "trịnh", "tôn", "lương", "đoàn", "mai", "tô", "lâm", "trương", "cao", "hà", "tạ", "đào", "châu"}
    | {"thái", "phùng"}
)
#: "P.Bến", "TP.Huế": the abbreviation stands right before the name.
_JOINED: Final = re.compile(r"(?:P|F|Q|H|X|TP|TX|Đ|KP)\.(?=\w)", re.IGNORECASE)
#: What has been masked by a portal, or by us: "[ĐỊA CHỈ]".
_MASKED: Final = re.compile(r"\[[^\[\]\d]{2,24}\]")
_EDGES: Final = ".,;:!?()[]{}\"'“”‘’-–/…"
_ENDS_SENTENCE: Final = (".", "!", "?", "…", ":")
_ENDS_NAME: Final = (*_ENDS_SENTENCE, ",", ";", ")", "]", '"', "”")


def without_masks(text: str) -> str:
    """Return the text with what was masked in it put out, piece by piece, so that all others keep their number."""
    if "[" not in text:
        return text
    return _MASKED.sub(lambda found: found[0] if _speaks(found[0]) else re.sub(r"\S+", "-", found[0]), text)


def _speaks(masked: str) -> bool:
    """Tell whether what stands between brackets is somebody's words: masks are in capitals, or our own."""
    return masked != masked.upper() and masked != MASK


def names(pieces: Sequence[str]) -> set[int]:
    """Return the places of the pieces that are (part of) a name; none where capitals say nothing.

    Pieces are what stands between blanks of a canonical text.
    """
    begun = [_capital(piece) for piece in pieces]
    if not any(begun) or 10 * sum(begun) > 9 * len(pieces) or 2 * sum(map(_shouted, pieces)) > len(pieces):
        return set()
    found: set[int] = set()
    at = 0
    while at < len(pieces):
        length = _run(pieces, begun, at)
        if length and _is_name(pieces, at, length, found):
            found.update(range(at, at + length))
        elif length > 1 and _one_of(_BEFORE_A_PLACE, pieces[at]):
            length = 1  # "Phường Bến Nghé": the name comes after
        at += max(1, length)
    return found


def _run(pieces: Sequence[str], begun: Sequence[bool], at: int) -> int:
    """Return how many pieces from here on begin with a capital, up to the end of a clause."""
    length = 0
    while at + length < len(pieces) and begun[at + length]:
        length += 1
        if pieces[at + length - 1].endswith(_ENDS_NAME):
            break
    return length


def _is_name(pieces: Sequence[str], at: int, length: int, found: set[int]) -> bool:
    if _JOINED.match(_bare(pieces[at])) or (length > 1 and _one_of(_FAMILIES, pieces[at])):
        return True
    if at == 0 or _one_of(_BEFORE_A_PLACE, pieces[at]):
        return False
    before = pieces[at - 1]
    if length > 1 and (at - 1 in found or (at - 2 in found and not _bare(before))):
        return True  # "phường Tân An, Ninh Kiều"; "Trần Phú - Phù Đổng"
    if _one_of(_BEFORE_A_PLACE, before):
        return True
    crossing = at > 1 and _one_of(_WAYS, before) and _bare(pieces[at - 2]) in {"ngã", "nga"}
    return not before.endswith(_ENDS_SENTENCE) and (crossing or any(char.isdigit() for char in before))


@lru_cache(maxsize=16384)
def _capital(piece: str) -> bool:
    """Tell whether a piece is written as a name is: a capital first and small letters after it."""
    word = _JOINED.sub("", piece.strip(_EDGES), count=1)
    return word[:1].isupper() and (len(word) == 1 or word[1:].islower())


def _shouted(piece: str) -> bool:
    return len(piece) > 1 and piece.isupper()


def _bare(piece: str) -> str:
    return piece.lower().strip(_EDGES)


@lru_cache(maxsize=16384)
def _one_of(words: frozenset[str], piece: str) -> bool:
    """Tell whether a piece is one of the words, or one without its marks."""
    bare = _bare(piece)
    # "cho" is "for" far oftener than a market
    return bare in words or (bare.isascii() and bare != "cho" and bare in _without_marks(words))


@cache
def _without_marks(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(fold, words))
