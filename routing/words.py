"""A text as words that know how they were written: what names are looked for in."""

import re
import unicodedata
from functools import cached_property
from itertools import pairwise
from typing import Final

from routing.folding import both_forms, spelling

_WORD: Final = re.compile(r"[a-z]+|[0-9]+")
_MARKS: Final = re.compile("[\u0300-\u036f]")
#: A place is named early or late in a text; in an enormous one only this much is read from each end.
_READ: Final = 6000


class Words:
    """A text as words: folded, as spelt, and where each stands. Digits and letters are apart ("P12": p, 12)."""

    def __init__(self, text: str) -> None:
        if len(text) > 2 * _READ:
            text = f"{text[:_READ]} . {text[-_READ:]}"
        self._text = text
        self.low, folded = both_forms(text)
        self.accented = not self.low.isascii()
        spans = [found.span() for found in _WORD.finditer(folded)]
        self.words: list[str] = [folded[start:end] for start, end in spans]
        self.starts = [start for start, _ in spans]
        self.gaps = [folded[end:start] for (_, end), (start, _) in pairwise([(0, 0), *spans])]
        self.count = len(self.words)

    @cached_property
    def composed(self) -> str:
        """The text as written, composed; in small letters where only these have the length of `low`."""
        composed = unicodedata.normalize("NFC", self._text)
        if not composed.isascii():
            composed = _MARKS.sub("", composed)
        return composed if len(composed) == len(self.low) else self.low

    def as_spelt(self, i: int) -> str:
        """Return word `i` with its accents."""
        start = self.starts[i]
        return self.low[start : start + len(self.words[i])]

    def is_one_of(self, i: int, known: frozenset[str]) -> bool:
        """Tell whether word `i` is one of these; accents must agree where the text has any ("cho" is not "chợ")."""
        if f"~{self.words[i]}" not in known:
            return False
        return not self.accented or spelling(self.as_spelt(i)) in known

    def spelt(self, first: int, end: int) -> str:
        """Return the words with tones in one position, for comparing accents."""
        return " ".join(spelling(self.as_spelt(i)) for i in range(first, end))

    def original(self, first: int, end: int) -> str:
        """Return the words as written."""
        last = end - 1
        return self.composed[self.starts[first] : self.starts[last] + len(self.words[last])]

    def joined(self, i: int) -> bool:
        """Tell whether word `i` belongs to the word before: nothing but space or a hyphen is between."""
        gap = self.gaps[i]
        return gap in {" ", ""} or not gap.strip(" \t\r\n\u00a0\u200b-–")
