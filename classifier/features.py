"""From a text to numbers, the same way for training and serving.

Three blocks of features, each of its own length: words as typed (syllables, pairs of them, and the words that
underthesea finds), words without their marks (so that "den duong" stands where "đèn đường" does), and letters inside
words (so that a slip of the finger costs a little and not everything). Numbers carry no topic and become `#`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from underthesea import word_tokenize  # type: ignore[import-untyped]

from classifier.shortforms import expand_pieces
from classifier.text import canonical, fold

Ids = npt.NDArray[np.int32]
Values = npt.NDArray[np.float32]

#: What stands after this many characters does not change what a report is about, and an endless text costs time.
LONGEST: Final = 4000
#: How much each block counts: as typed, without marks, letters.
BLOCK_WEIGHTS: Final = (1.0, 1.0, 0.8)
#: A feature of fewer texts than this is chance.
LEAST_TEXTS: Final = 2
LETTERS: Final = (2, 3, 4, 5)

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the model reads it: its words, and for each the blank-separated piece of the text it came from.

    `aligned` says that the pieces of what was read are those of the text as typed, one for one.
    """

    words: list[str]
    plain: list[str]
    pieces: list[int]
    segments: list[str]
    aligned: bool


def read(text: str) -> Reading:
    """Read a text of any origin; never raises."""
    text = text[:LONGEST]
    typed = canonical(text).lower().split()
    pieces = expand_pieces(typed)
    words: list[str] = []
    origins: list[int] = []
    for number, piece in enumerate(pieces):
        found = _words(piece)
        words += found
        origins += [number] * len(found)
    segments = word_tokenize(" ".join(words)) if words else []
    return Reading(
        words=words,
        plain=[_plain(word) for word in words],
        pieces=origins,
        segments=[segment for segment in segments if " " in segment],
        aligned=len(typed) == len(text.split()),
    )


@lru_cache(maxsize=32768)
def _words(piece: str) -> tuple[str, ...]:
    return tuple(_DIGITS.sub("#", word) for word in _WORD.findall(piece))


@lru_cache(maxsize=32768)
def _plain(word: str) -> str:
    return fold(word)


@lru_cache(maxsize=32768)
def _letters(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(padded[at : at + n] for n in LETTERS for at in range(len(padded) - n + 1))


def _pairs(words: Sequence[str]) -> list[str]:
    return [f"{first} {second}" for first, second in pairwise(words)]


def _block_terms(reading: Reading) -> tuple[list[str], list[str], list[str]]:
    typed = [*reading.words, *_pairs(reading.words), *(f"{segment}_" for segment in reading.segments)]
    plain = [*reading.plain, *_pairs(reading.plain)]
    return typed, plain, [letters for word in reading.plain for letters in _letters(word)]


class Vocabulary:
    """Which features there are, their number and weight; fitted once, then only read."""

    def __init__(self, terms: Sequence[Sequence[str]], idf: Values) -> None:
        self.terms = [list(block) for block in terms]
        self.idf = idf
        starts = np.cumsum([0, *(len(block) for block in self.terms)])
        self.size = int(starts[-1])
        self._ids = [
            {term: int(start) + place for place, term in enumerate(block)}
            for start, block in zip(starts, self.terms, strict=False)
        ]
        self._starts = starts[1:-1]
        self._letters: dict[str, list[int]] = {}

    @classmethod
    def fit(cls, readings: Iterable[Reading]) -> "Vocabulary":
        """Collect the terms of the readings and how rare each is."""
        counts: list[Counter[str]] = [Counter(), Counter(), Counter()]
        total = 0
        for reading in readings:
            total += 1
            for count, terms in zip(counts, _block_terms(reading), strict=True):
                count.update(set(terms))
        kept = [sorted(term for term, n in count.items() if n >= LEAST_TEXTS) for count in counts]
        held = [count[term] for count, terms in zip(counts, kept, strict=True) for term in terms]
        idf = np.log((1 + total) / (1 + np.array(held, dtype=np.float64))) + 1
        return cls(kept, idf.astype(np.float32))

    def ids(self, reading: Reading) -> list[int]:
        """Return the number of every known term of a reading, as often as it occurs."""
        typed, plain, letters = self._ids
        found = [typed.get(word) for word in reading.words]
        found += [typed.get(pair) for pair in _pairs(reading.words)]
        found += [typed.get(f"{segment}_") for segment in reading.segments]
        found += [plain.get(word) for word in reading.plain]
        found += [plain.get(pair) for pair in _pairs(reading.plain)]
        known = [number for number in found if number is not None]
        for word in reading.plain:
            known += self._letter_ids(word, letters)
        return known

    def _letter_ids(self, word: str, letters: dict[str, int]) -> list[int]:
        if (found := self._letters.get(word)) is None:
            found = [letters[part] for part in _letters(word) if part in letters]
            if len(self._letters) < 50_000:
                self._letters[word] = found
        return found

    def vector(self, reading: Reading) -> tuple[Ids, Values]:
        """Return the features of a reading and their weights, each block of its own length."""
        ids, counts = np.unique(np.array(self.ids(reading), dtype=np.int32), return_counts=True)
        values = (1 + np.log(counts)).astype(np.float32) * self.idf[ids]
        bounds = [0, *np.searchsorted(ids, self._starts), len(ids)]
        for weight, start, end in zip(BLOCK_WEIGHTS, bounds, bounds[1:], strict=False):
            block = values[start:end]
            if (length := float(np.sqrt(block @ block))) > 0:
                block *= weight / length
        return ids, values

    def span_ids(self, reading: Reading) -> list[tuple[int, int, int]]:
        """Return (feature, first word, last word) of the single words and pairs, for showing what decided."""
        typed, plain, _ = self._ids
        spans = []
        for known, words in ((typed, reading.words), (plain, reading.plain)):
            spans += [(known[word], at, at) for at, word in enumerate(words) if word in known]
            spans += [(known[pair], at, at + 1) for at, pair in enumerate(_pairs(words)) if pair in known]
        return spans
