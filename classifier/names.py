"""Which words of a report are the name of a place or a person: syllables of names are words of other things.

"Đường Điện Biên Phủ" has nothing to do with electricity (điện), "phường Thuận Hóa" nothing with invoices (hóa đơn).
Names are known by their capitals, and those that the corpus has more than once also without: somebody who shouts,
or never writes a capital, means the same.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from classifier.redact import MASK
from classifier.remember import LONGEST_WORD, of_words
from classifier.text import canonical, fold

#: Names of so many words are remembered, which at least so many reports have.
LENGTHS: Final = (4, 3, 2)
LEAST_REPORTS: Final = 2
#: A word for a place that is shortened has at most so many letters.
LONGEST_SHORT: Final = 2
FILE: Final = "names.txt"
HEAD: Final = "# Names of places that more than one report of the corpus has. Made by `langnghe corpus names`.\n"

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
    """Return the places of the pieces that are (part of) a name.

    Pieces are what stands between blanks of a canonical text.
    """
    return _by_capitals(pieces) | _remembered(pieces)


def gathered(texts: Iterable[str]) -> list[str]:
    """Return the names of places that reports have, in small letters: what `data/names.txt` holds of the corpus."""
    found: Counter[str] = Counter()
    for text in texts:
        pieces = canonical(without_masks(text)).split()
        found.update(set(_called(pieces, _by_capitals(pieces))))
    often = {name for name, reports in found.items() if reports >= LEAST_REPORTS}
    marked = {fold(name) for name in often if not name.isascii()}
    return sorted(often - marked)


def _called(pieces: Sequence[str], named: set[int]) -> Iterator[str]:
    """Yield the names that stand right after the word for a place."""
    for at in named:
        if at == 0 or at - 1 in named or not _introduced(pieces, at):
            continue
        end = at + 1
        while end in named and not pieces[end - 1].endswith(_ENDS_NAME):
            end += 1
        if end - at in LENGTHS:
            yield " ".join(map(_bare, pieces[at:end]))


def _introduced(pieces: Sequence[str], at: int) -> bool:
    """Tell whether the word before says that a name of a place follows."""
    return at > 0 and (_one_of(_BEFORE_A_PLACE, pieces[at - 1]) or _crossing(pieces, at))


@of_words(16384)
def _may_introduce(piece: str) -> bool:
    if piece.endswith(_ENDS_NAME) and len(_bare(piece)) > LONGEST_SHORT:
        return False  # "đi đường, hòa bình thôi", but "P. Bến Nghé"
    return _numbered(piece) or _one_of(_BEFORE_A_PLACE, piece) or _one_of(_WAYS, piece)


def _crossing(pieces: Sequence[str], at: int) -> bool:
    return at > 1 and _one_of(_WAYS, pieces[at - 1]) and _bare(pieces[at - 2]) in {"ngã", "nga"}


def _remembered(pieces: Sequence[str]) -> set[int]:
    """Return the places of names that are known from the corpus, however they are written."""
    found: set[int] = set()
    for at in [at for at, before in enumerate(pieces[:-2], start=1) if _may_introduce(before)]:
        if _numbered(pieces[at - 1]) or _introduced(pieces, at):
            length = next((length for length in LENGTHS if _is_remembered(pieces[at : at + length], length)), 0)
            found.update(range(at, at + length))
    return found


def _is_remembered(run: Sequence[str], length: int) -> bool:
    if len(run) < length or any(piece.endswith(_ENDS_NAME) for piece in run[:-1]):
        return False
    name = " ".join(map(_bare, run))
    return name in _names() or (name.isascii() and name in _without_marks(_names()))


@cache
def _names() -> frozenset[str]:
    lines = files("classifier").joinpath("data", FILE).read_text("utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def _by_capitals(pieces: Sequence[str]) -> set[int]:
    """Return the places of what is written as a name is; none where capitals say nothing."""
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
    return not before.endswith(_ENDS_SENTENCE) and (_crossing(pieces, at) or _numbered(before))


@of_words(16384)
def _capital(piece: str) -> bool:
    """Tell whether a piece is written as a name is: a capital first and small letters after it."""
    word = _JOINED.sub("", piece.strip(_EDGES), count=1)
    return word[:1].isupper() and (len(word) == 1 or word[1:].islower())


def _numbered(piece: str) -> bool:
    return any(char.isdigit() for char in piece)


def _shouted(piece: str) -> bool:
    return len(piece) > 1 and piece.isupper()


def _bare(piece: str) -> str:
    return piece.lower().strip(_EDGES)


def _one_of(words: frozenset[str], piece: str) -> bool:
    """Tell whether a piece is one of the words, or one without its marks."""
    return len(piece) <= LONGEST_WORD and _is_one_of(words, piece)


@lru_cache(maxsize=16384)
def _is_one_of(words: frozenset[str], piece: str) -> bool:
    bare = _bare(piece)
    # "cho" is "for" far oftener than a market
    return bare in words or (bare.isascii() and bare != "cho" and bare in _without_marks(words))


@cache
def _without_marks(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(fold, words))
