"""One plain form of Vietnamese text, so that what people type without accents, in capitals or decomposed is found too.

`plain` keeps the length of the text (one character in, one out), so a position in the folded text is one in
the plain text.
Facts: đ has no decomposition and is mapped by hand; hòa/hoà differ only in where the tone stands; Mỹ/Mĩ only in i or y.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_MARKS: Final = re.compile("[\u0300-\u036f]")
#: Letters of other languages that some keyboards give for đ.
_LOOKALIKES: Final = {ord("ð"): "đ", ord("ɖ"): "đ"}
_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"


def _letters() -> dict[int, str]:
    table = {ord("đ"): "d", ord("y"): "i"}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base != chr(code) and base.isascii():
            table[code] = "i" if base == "y" else base
    return table


_LETTERS: Final = _letters()


def plain(text: str) -> str:
    """Return the text composed and in small letters; marks that belong to no letter are dropped."""
    composed = unicodedata.normalize("NFC", text.lower())
    return composed if composed.isascii() else _MARKS.sub("", composed).translate(_LOOKALIKES)


def fold(text: str) -> str:
    """Return the plain text without accents, y written as i: the form in which names are compared."""
    return plain(text).translate(_LETTERS)


@lru_cache(maxsize=2)
def both_forms(text: str) -> tuple[str, str]:
    """Return the text plain, and that folded; place and rules ask this of one report, one after the other."""
    small = plain(text)
    return small, fold_plain(small)


def fold_plain(text: str) -> str:
    """Do what `fold` does for a text that is plain already; the length stays."""
    return text.translate(_LETTERS)


@lru_cache(maxsize=8192)
def spelling(word: str) -> str:
    """Return the word with its tone moved to the end, so that hòa and hoà are equal and hòa and hoa are not."""
    letters = unicodedata.normalize("NFD", word)
    tones = "".join(letter for letter in letters if letter in _TONES)
    rest = "".join(letter for letter in letters if letter not in _TONES)
    return (unicodedata.normalize("NFC", rest) + tones).replace("y", "i")


def spelt(name: str) -> str:
    """Return a name of several words with each tone in one position, for comparing accents."""
    return " ".join(spelling(word) for word in plain(name).split())
