"""From a text to numbers, the same way for training and serving.

Four blocks of features, each of its own length: words as typed (syllables, pairs of them, and the words that
underthesea finds), words without their marks (so that "den duong" stands where "đèn đường" does), the same of the
opening alone (most people begin with what it is about), and letters inside words (so that a slip of the finger costs a
little and not everything). Numbers carry no topic and become `#`; names of places and people are left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from classifier.names import names, without_masks
from classifier.remember import LONGEST_WORD, of_words
from classifier.segment import compounds
from classifier.shortforms import expand_alone, expand_piece
from classifier.text import canonical, fold

Ids = npt.NDArray[np.int32]
Values = npt.NDArray[np.float32]

#: What stands after this many characters does not change what a report is about, and an endless text costs time.
LONGEST: Final = 4000
#: How much each block counts: as typed, without marks, the opening, letters.
BLOCK_WEIGHTS: Final = (1.0, 1.0, 0.4, 0.8)
#: So many words are the opening.
OPENING: Final = 14
#: A feature of fewer copies than this is chance: a report has two or three, so it takes three reports or four.
LEAST_TEXTS: Final = 7
#: So many letters in a row: shorter and longer runs beside them were measured to add nothing.
LETTERS: Final = 4
#: A worker meets new words for ever; it keeps the features of this many.
MOST_REMEMBERED: Final = 50_000

_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the model reads it: its words but for names, and for each the blank-separated piece it came from."""

    words: list[str]
    pieces: list[int]
    compounds: list[str]


def read(text: str) -> Reading:
    """Read a text of any origin; never raises.

    Piece by piece, because most pieces were met before: the same words as those of `expand(canonical(text))` without
    its names.
    """
    typed = without_masks(text[:LONGEST]).split()
    parts = [(number, part) for number, piece in enumerate(typed) for part in _parts(piece)]
    pieces = [part for _, part in parts]
    named = names(pieces)
    words: list[str] = []
    origins: list[int] = []
    for place, (number, part) in enumerate(parts):
        if place in named:
            continue
        found = _words(part)
        if found is None:
            near = [other.lower() for other in pieces[max(0, place - 1) : place + 2]]
            found = _split(expand_piece(near, min(1, place)))
        words += found
        origins += [number] * len(found)
    # segmentation learned from text with marks: without any, what it finds is chance
    marked = any(not word.isascii() for word in words)
    return Reading(words, origins, compounds(words) if marked else [])


@of_words(32768)
def _parts(piece: str) -> tuple[str, ...]:
    """Return the canonical form of a piece, in which there may be several, or none."""
    return tuple(canonical(piece).split())


@of_words(32768)
def _words(part: str) -> tuple[str, ...] | None:
    """Return the words of a canonical piece; None where only its neighbours can tell what it means."""
    expanded = expand_alone(part.lower())
    return None if expanded is None else _split(expanded)


def _split(text: str) -> tuple[str, ...]:
    return tuple(_DIGITS.sub("#", word) for word in _WORD.findall(text))


@of_words(32768)
def plain_of(word: str) -> str:
    """Return a word without its marks."""
    return fold(word)


def letters_of(word: str) -> tuple[str, ...]:
    """Return the runs of letters in a word."""
    padded = f" {word} "
    return tuple(padded[at : at + LETTERS] for at in range(len(padded) - LETTERS + 1))


@dataclass(frozen=True, slots=True)
class Vector:
    """The features of a text and their weights; and where the words are among them, for saying why.

    `singles` has the feature of every word as typed, without marks and in the opening, `pairs` that of every word with
    the next one; -1 is a word the model does not know.
    """

    ids: Ids
    values: Values
    singles: Ids
    pairs: Ids


class Vocabulary:
    """Which features there are, their number and weight; fitted once, then only read.

    `packed` is all terms as UTF-8, a line each, an empty line between blocks: a worker keeps no string it needs not.
    """

    def __init__(self, packed: npt.NDArray[np.uint8], idf: Values) -> None:
        self.packed = packed
        self.idf = idf
        blocks = [block.split("\n") if block else [] for block in packed.tobytes().decode().split("\n\n")]
        starts = np.cumsum([0, *(len(block) for block in blocks)])
        self.size = int(starts[-1])
        self._starts = starts[1:-1]
        pairs: dict[int, int] = {}
        self._typed, self._plain, self._opening, self._letters = (
            self._numbered(block, int(start), pairs if place < len(BLOCK_WEIGHTS) - 1 else None)
            for place, (block, start) in enumerate(zip(blocks, starts, strict=False))
        )
        # There are a hundred thousand pairs: as two arrays they take a tenth of what a dictionary does.
        keys = np.array([*pairs, 2**62], dtype=np.int64)  # the last is nobody's, so that a search ends inside
        order = np.argsort(keys)
        self._pair_keys, self._pair_ids = keys[order], np.array([*pairs.values(), -1], dtype=np.int32)[order]
        self._entries: dict[str, tuple[int, int, int, list[int]]] = {}

    @property
    def letters(self) -> int:
        """The first feature that is letters."""
        return int(self._starts[-1])

    def _numbered(self, block: Sequence[str], start: int, pairs: dict[int, int] | None) -> dict[str, int]:
        """Return the terms of a block by number; its pairs go into `pairs`, by the numbers of their words."""
        numbers = {term: start + place for place, term in enumerate(block)}
        if pairs is None:
            return numbers
        for pair in [term for term in block if " " in term and term[-1] != "_"]:
            first, second = pair.split(" ")
            pairs[numbers[first] * self.size + numbers[second]] = numbers.pop(pair)
        return numbers

    def _paired(self, singles: Ids) -> Ids:
        """Return the feature of each word with the next one, a row a block as in `singles`; -1 for none."""
        first, second = singles[:, :-1].astype(np.int64), singles[:, 1:]
        keys = np.where((first < 0) | (second < 0), -1, first * self.size + second)
        places = np.searchsorted(self._pair_keys, keys)
        return np.where(self._pair_keys[places] == keys, self._pair_ids[places], np.int32(-1))

    def _entry(self, word: str) -> tuple[int, int, int, list[int]]:
        """Return what one word adds: its features as typed, without marks, in the opening (-1: none), and letters."""
        if (entry := self._entries.get(word)) is None:
            plain = plain_of(word)
            letters = [self._letters[part] for part in letters_of(plain) if part in self._letters]
            entry = (self._typed.get(word, -1), self._plain.get(plain, -1), self._opening.get(plain, -1), letters)
            if len(self._entries) < MOST_REMEMBERED and len(word) <= LONGEST_WORD:
                self._entries[word] = entry
        return entry

    def vector(self, reading: Reading) -> Vector:
        """Return the features of a reading, each block scaled to its own length."""
        entries = [self._entry(word) for word in reading.words]
        opening = [entry[2] for entry in entries[:OPENING]] + [-1] * (len(entries) - OPENING)
        words = [entry[0] for entry in entries], [entry[1] for entry in entries], opening
        singles = np.array(words, dtype=np.int32).reshape(3, len(entries))
        pairs = self._paired(singles)
        found = [*singles.ravel().tolist(), *pairs.ravel().tolist()]
        found += [self._typed.get(f"{compound}_", -1) for compound in reading.compounds]
        for entry in entries:
            found += entry[3]
        ids, counts = _counted(found)
        values = (1 + np.log(counts)).astype(np.float32) * self.idf[ids]
        bounds = [0, *np.searchsorted(ids, self._starts).tolist(), len(ids)]
        for weight, (start, end) in zip(BLOCK_WEIGHTS, pairwise(bounds), strict=True):
            block = values[start:end]
            if (length := float(np.sqrt(block @ block))) > 0:
                block *= weight / length
        return Vector(ids, values, singles, pairs)


def _counted(found: list[int]) -> tuple[Ids, Values]:
    """Return the different features in order, and how often each occurs."""
    ordered = np.array(found, dtype=np.int32)
    ordered.sort()
    ordered = ordered[np.searchsorted(ordered, 0) :]
    starts = np.flatnonzero(np.diff(ordered, prepend=np.int32(-1)))
    return ordered[starts], np.diff(starts, append=len(ordered)).astype(np.float32)
