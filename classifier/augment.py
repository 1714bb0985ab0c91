"""How people really type: copies of a text with its marks gone, with slips of the finger, in teencode."""

import random
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Final

from classifier.shortforms import SHORT_FORMS

Change = Callable[[str, random.Random], str]

_NEIGHBOURS: Final[Mapping[str, str]] = {
    "a": "sqz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "g": "fh", "h": "gj", "i": "uo", "k": "jl", "l": "k",
    "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb",
    "x": "zc", "y": "tu",
}  # fmt: skip

#: Spelling by ear: what Southern and Northern speech does not tell apart.
_BY_EAR: Final = (
    ("ã", "ả"), ("ẽ", "ẻ"), ("ĩ", "ỉ"), ("õ", "ỏ"), ("ũ", "ủ"), ("ữ", "ử"), ("ễ", "ể"), ("ỗ", "ổ"), ("ỡ", "ở"),
    ("ẫ", "ẩ"), ("x", "s"), ("tr", "ch"), ("gi", "d"), ("ngh", "ng"), ("nước", "nướt"), ("uôn", "uông"),
    ("ác", "át"), ("ang", "an"),
)  # fmt: skip


def _shorts() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for short, meaning in SHORT_FORMS.items():
        found[meaning].append(short)
    return found


_SHORTS: Final = _shorts()
_LONGEST_MEANING: Final = max(len(meaning.split()) for meaning in _SHORTS)


def strip_marks(text: str, _: random.Random | None = None) -> str:
    """Return a text as typed without a Vietnamese keyboard."""
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return unicodedata.normalize("NFC", "".join(char for char in parts if unicodedata.category(char) != "Mn"))


def strip_some(text: str, rng: random.Random) -> str:
    """Return a text where about half of the words lost their marks."""
    return " ".join(strip_marks(word) if rng.random() < 0.5 else word for word in text.split(" "))


def slip(text: str, rng: random.Random, rate: float = 0.05) -> str:
    """Return a text where so many of its letters were struck wrongly, twice, not at all, or in the wrong order."""
    chars = list(text)
    for at, char in enumerate(chars):
        if char.isalpha() and rng.random() < rate:
            chars[at] = _struck(char, rng)
            if at and rng.random() < 0.25 and chars[at - 1].isalpha():
                chars[at - 1], chars[at] = char, chars[at - 1]
    return "".join(chars)


def _struck(char: str, rng: random.Random) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return ""
    if kind == 1:
        return char + char
    plain = strip_marks(char)
    if kind == 2 and plain != char:
        return plain
    return rng.choice(_NEIGHBOURS.get(plain.lower(), plain))


def by_ear(text: str, rng: random.Random) -> str:
    """Return a text spelled as it is spoken: hỏi for ngã, s for x, -t for -c."""
    for written, heard in _BY_EAR:
        if rng.random() < 0.4:
            text = text.replace(written, heard)
    return text


def teencode(text: str, rng: random.Random) -> str:
    """Return a text with words shortened as in messages."""
    words = text.split(" ")
    short: list[str] = []
    at = 0
    while at < len(words):
        length = _short_length(words, at)
        if length and rng.random() < 0.7:
            short.append(rng.choice(_SHORTS[" ".join(words[at : at + length]).lower()]))
            at += length
        else:
            short.append(words[at])
            at += 1
    return " ".join(short)


def _short_length(words: list[str], at: int) -> int:
    return next(
        (
            n
            for n in range(_LONGEST_MEANING, 0, -1)
            if " ".join(words[at : at + n]).lower() in _SHORTS and at + n <= len(words)
        ),
        0,
    )


def _dress() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in files("classifier").joinpath("data/dress.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, _, words = line.partition(": ")
            found[kind].append(words)
    return found


_DRESS: Final = _dress()


def dress(text: str, rng: random.Random) -> str:
    """Return a text as an office would get it: courtesy, address and pleading around it."""
    parts = [rng.choice(_DRESS["opening"]), text]
    parts += rng.sample(_DRESS["closing"], rng.randrange(3))
    return " ".join(part if part is text else _filled(part, rng) for part in parts)


def _filled(words: str, rng: random.Random) -> str:
    """Put places, then streets and numbers, where they belong."""
    for slot, kind in (("{p}", "place"), ("{s}", "street")):
        while slot in words:
            words = words.replace(slot, rng.choice(_DRESS[kind]), 1)
    while "{n}" in words:
        words = words.replace("{n}", str(rng.randrange(1, 400)), 1)
    return words


#: What training adds to every text, one change a copy, besides `dress`; upper case and NFD need none.
CHANGES: Final[tuple[Change, ...]] = (strip_marks, slip, teencode, by_ear, strip_some)
