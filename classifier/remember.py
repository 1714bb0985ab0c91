"""Remembering what is said of words: most words were met before, and no text, however odd, may fill the memory."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

T = TypeVar("T")

#: Nothing longer is a word: what is said of it is found anew each time.
LONGEST_WORD: Final = 40


def of_words(most: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Let a function remember its answers for so many words."""

    def decorated(function: Callable[[str], T]) -> Callable[[str], T]:
        remembered = lru_cache(maxsize=most)(function)

        @wraps(function)
        def answer(word: str) -> T:
            return remembered(word) if len(word) <= LONGEST_WORD else function(word)

        return answer

    return decorated
