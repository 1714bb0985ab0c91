"""Teencode and abbreviations written out on a copy; the citizen's own text is never touched.

Blank for blank: the n-th piece of the copy means the n-th piece of the text, so that what is found in the copy can be
shown where the citizen wrote it.
"""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Final

from classifier.remember import of_words

_WORD = re.compile(r"[^\W_]+")
_NUMBERED_UNIT = re.compile(r"(?<![^\W_])(q|p|f)\.?(\d{1,2})(?![^\W_])", re.IGNORECASE)
_UNIT = re.compile(r"(?<![^\W_])(q|p|f|x|h|tp|tx|tt)\.(?=[^\W\d_]|$)", re.IGNORECASE)
_UNITS: Final = {
    "q": "quận",
    "p": "phường",
    "f": "phường",
    "x": "xã",
    "h": "huyện",
    "tp": "thành phố",
    "tx": "thị xã",
    "tt": "thị trấn",
}


def _read() -> dict[str, str]:
    lines = files("classifier").joinpath("data/shortforms.txt").read_text("utf-8").splitlines()
    pairs = (line.split(": ") for line in lines if line and not line.startswith("#"))
    return {short: meaning for meaning, shorts in pairs for short in shorts.split()}


#: Whole words in lower case to what they mean.
SHORT_FORMS: Final[Mapping[str, str]] = _read()


def _any(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PLACES: Final = _any("phường phuong quận quan xã xa huyện huyen tp thành thanh khu kv p q giao")

#: Forms of several readings: (words that may stand before, words that may stand after, the reading). The first rule
#: with a neighbour wins; with none the form stays as it is, for a wrong expansion misleads more than none.
_AMBIGUOUS: Final[Mapping[str, tuple[tuple[frozenset[str], frozenset[str], str], ...]]] = {
    "ca": ((frozenset({"báo", "gọi", "trình", "bao", "goi", "trinh", "anh", "mấy"}), _PLACES, "công an"),),
    "tt": (
        (frozenset(), _any("y hành hanh thương thuong ngoại ngoai anh tiêm tiem văn van bảo"), "trung tâm"),
        (_any("mất mat giữ giu ninh"), frozenset({"đô", "do", "xây", "công"}), "trật tự"),
        (frozenset(), _any("củ cu hóc hoc nhà nha cần can"), "thị trấn"),
    ),
    "bt": (
        (_any("đổ do xe tấm tam trạm cột cot nắp nap đường"), frozenset({"cốt", "nhựa", "tươi"}), "bê tông"),
        (_any("như nhu vẫn van ko không khong"), frozenset(), "bình thường"),
    ),
    "cc": ((_any("ở tại khu trong nhà o tai nha"), frozenset(), "chung cư"),),
}


def expand_piece(pieces: Sequence[str], place: int) -> str:
    """Return one piece of a text, split at blanks, written out where it is a short form."""
    expanded = expand_alone(pieces[place])
    return _by_neighbours(pieces, place) if expanded is None else expanded


@of_words(32768)
def expand_alone(piece: str) -> str | None:
    """Return one piece written out; None where only its neighbours can tell."""
    if piece.lower().strip(".,;:!?()\"'") in _AMBIGUOUS:
        return None
    piece = _NUMBERED_UNIT.sub(lambda unit: f"{_UNITS[unit.group(1).lower()]} {unit.group(2)}", piece)
    piece = _UNIT.sub(lambda unit: f"{_UNITS[unit.group(1).lower()]} ", piece)
    return _WORD.sub(lambda word: SHORT_FORMS.get(word.group().lower(), word.group()), piece).rstrip()


def _by_neighbours(pieces: Sequence[str], place: int) -> str:
    piece = pieces[place]
    word = piece.lower().strip(".,;:!?()\"'")
    before = pieces[place - 1].lower().strip("(\"'") if place else ""
    after = pieces[place + 1].lower().strip(".,;:!?)\"'") if place + 1 < len(pieces) else ""
    for befores, afters, reading in _AMBIGUOUS[word]:
        if before in befores or after in afters:
            return piece.lower().replace(word, reading)
    return piece
