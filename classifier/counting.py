"""The terms of many readings at once, counted by columns: what a vocabulary is chosen from and training learns on.

A vocabulary asked reading by reading gives the same features (a law of the tests), in several times the time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack

from classifier.features import BLOCK_WEIGHTS, LEAST_TEXTS, OPENING, Reading, Vocabulary, letters_of, plain_of

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Said:
    """Words one after the other, by number: whose they are, which place they have there, and how they are written."""

    owners: Places
    places: Places
    words: Places
    spelled: Sequence[str]


@dataclass(frozen=True)
class _Kind:
    """Terms of one kind, by number: whose they are, and how the ones that are kept are written."""

    owners: Places
    terms: Places
    different: int
    spelling: Callable[[int], str]


def fitted(readings: Sequence[Reading], phrases: Sequence[Reading]) -> tuple[Vocabulary, csr_matrix]:
    """Return the terms that are worth keeping and how rare each is, and the features of the readings, then phrases.

    The terms of phrases are kept however rare.
    """
    worth = np.array([1] * len(readings) + [LEAST_TEXTS] * len(phrases), dtype=np.int64)
    terms, counts = zip(*_blocks([*readings, *phrases], worth), strict=True)
    held = np.concatenate([np.bincount(block.indices, worth[_rows(block)], block.shape[1]) for block in counts])
    idf = (np.log((1 + worth.sum()) / (1 + held)) + 1).astype(np.float32)
    packed = "\n\n".join("\n".join(block) for block in terms).encode()
    return Vocabulary(np.frombuffer(packed, dtype=np.uint8), idf), _weighed(counts, idf)


def _blocks(readings: Sequence[Reading], worth: Places) -> Iterator[tuple[list[str], csr_matrix]]:
    """Yield for each block its terms in order, and how often each reading has each."""
    typed = _said([reading.words for reading in readings])
    plain = _respelled(typed, plain_of)
    begun = plain.places < OPENING
    opening = _Said(plain.owners[begun], plain.places[begun], plain.words[begun], plain.spelled)
    compounds = _said([[f"{compound}_" for compound in reading.compounds] for reading in readings])
    yield _block([_singles(typed), _pairs(typed), _singles(compounds)], worth)
    yield _block([_singles(plain), _pairs(plain)], worth)
    yield _block([_singles(opening), _pairs(opening)], worth)
    yield _block([_letters(plain)], worth)


def _weighed(blocks: Sequence[csr_matrix], idf: npt.NDArray[np.float32]) -> csr_matrix:
    """Return the counts as features, every block scaled to its own length in each reading."""
    features = []
    start = 0
    for block, weight in zip(blocks, BLOCK_WEIGHTS, strict=True):
        values = (1 + np.log(block.data)).astype(np.float32) * idf[start + block.indices]
        rows = _rows(block)
        lengths = np.sqrt(np.bincount(rows, np.square(values, dtype=np.float64), block.shape[0]))
        scale = (weight / np.where(lengths, lengths, 1)).astype(np.float32)
        features.append(csr_matrix((values * scale[rows], block.indices, block.indptr), shape=block.shape))
        start += block.shape[1]
    return hstack(features, format="csr", dtype=np.float32)


def _said(texts: Sequence[Sequence[str]]) -> _Said:
    numbers: dict[str, int] = {}
    words = np.array([numbers.setdefault(word, len(numbers)) for text in texts for word in text], dtype=np.int64)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    owners = np.repeat(np.arange(len(texts)), lengths)
    places = np.arange(len(words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return _Said(owners, places, words, list(numbers))


def _respelled(said: _Said, change: Callable[[str], str]) -> _Said:
    numbers: dict[str, int] = {}
    of = np.array([numbers.setdefault(change(word), len(numbers)) for word in said.spelled], dtype=np.int64)
    return _Said(said.owners, said.places, of[said.words], list(numbers))


def _singles(said: _Said) -> _Kind:
    return _Kind(said.owners, said.words, len(said.spelled), said.spelled.__getitem__)


def _pairs(said: _Said) -> _Kind:
    together = said.owners[1:] == said.owners[:-1]
    many = len(said.spelled)
    pairs, terms = np.unique((said.words[:-1] * many + said.words[1:])[together], return_inverse=True)
    firsts, seconds = np.divmod(pairs, max(1, many))
    return _Kind(
        said.owners[1:][together],
        terms,
        len(pairs),
        lambda term: f"{said.spelled[firsts[term]]} {said.spelled[seconds[term]]}",
    )


def _letters(said: _Said) -> _Kind:
    numbers: dict[str, int] = {}
    of = [[numbers.setdefault(run, len(numbers)) for run in letters_of(word)] for word in said.spelled]
    lengths = np.array([len(runs) for runs in of], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    runs = np.array([run for found in of for run in found], dtype=np.int64)
    many = lengths[said.words]
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    terms = runs[np.repeat(starts[said.words], many) + within]
    return _Kind(np.repeat(said.owners, many), terms, len(numbers), list(numbers).__getitem__)


def _block(kinds: Sequence[_Kind], worth: Places) -> tuple[list[str], csr_matrix]:
    """Return the terms that enough readings have, in order, and the counts of each."""
    spelled: list[str] = []
    counted = []
    for kind in kinds:
        ones = np.ones(len(kind.terms), dtype=np.float32)
        counts = csr_matrix((ones, (kind.owners, kind.terms)), shape=(len(worth), kind.different))
        kept = np.flatnonzero(np.bincount(counts.indices, worth[_rows(counts)], kind.different) >= LEAST_TEXTS)
        spelled += map(kind.spelling, kept.tolist())
        counted.append(counts[:, kept])
    order = sorted(range(len(spelled)), key=spelled.__getitem__)
    block = hstack(counted, format="csr")[:, order]
    block.sort_indices()
    return [spelled[place] for place in order], block


def _rows(counts: csr_matrix) -> Places:
    """Return whose count each is."""
    return np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
