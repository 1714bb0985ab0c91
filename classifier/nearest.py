"""Which texts are nearest to a question: BM25 over folded words, so that marks and case do not matter."""

import math
import re
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Generic, TypeVar

from classifier.text import expand, fold

K = TypeVar("K", bound=Hashable)

#: How fast a word that comes again stops counting, and how much long texts are held back (Robertson and Zaragoza 2009).
_SATURATION: Final = 1.2
_LENGTH: Final = 0.75
#: A title says more than its text.
_TITLE: Final = 3
_WORD: Final = re.compile(r"[^\W_]+")
#: Words of asking, folded: they are in every question and say nothing of its subject.
_ASKING_WORDS: Final = """
toi em con anh chi minh tui cho hoi muon xin vui long giup voi thi la va co khong ko duoc a nhe nha gi nao sao the nhu
bao nhieu lau o dau khi de cua cac nhung mot nay do neu ve theo da dang se can phai lam
"""
_ASKING: Final = frozenset(_ASKING_WORDS.split())


@dataclass(frozen=True)
class Near(Generic[K]):
    """A text that shares words with the question, and how much it does: more is nearer, always above 0."""

    key: K
    score: float


def nearest(question: str, texts: Mapping[K, tuple[str, str]], most: int = 3) -> list[Near[K]]:
    """Return the nearest of `texts` (key → title and body), the nearest first; none that shares no telling word."""
    bags = {key: _bag(title, body) for key, (title, body) in texts.items()}
    asked = set(_words(question))
    if not bags or not asked:
        return []
    average = sum(bag.total() for bag in bags.values()) / len(bags) or 1.0
    in_texts = Counter(word for bag in bags.values() for word in bag)
    weights = {word: math.log(1 + (len(bags) - in_texts[word] + 0.5) / (in_texts[word] + 0.5)) for word in asked}
    found = [Near(key, _score(bag, weights, average)) for key, bag in bags.items()]
    return sorted((near for near in found if near.score > 0), key=lambda near: -near.score)[:most]


def _score(bag: Counter[str], weights: Mapping[str, float], average: float) -> float:
    held_back = _SATURATION * (1 - _LENGTH + _LENGTH * bag.total() / average)
    return sum(w * bag[word] * (_SATURATION + 1) / (bag[word] + held_back) for word, w in weights.items() if bag[word])


@lru_cache(maxsize=1024)
def _bag(title: str, body: str) -> Counter[str]:
    """Return the words of a text and their numbers, only to be read: the same texts are asked for ever again."""
    return Counter([*(_words(title) * _TITLE), *_words(body)])


def _words(text: str) -> list[str]:
    """Return telling words and pairs of neighbours: most Vietnamese words are two syllables."""
    single = _WORD.findall(fold(expand(text)))
    telling = [word if word not in _ASKING else "" for word in single]
    pairs = [f"{a} {b}" for a, b in pairwise(telling) if a and b]
    return [word for word in telling if word] + pairs
