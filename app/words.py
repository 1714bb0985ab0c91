"""A person's words as they are taken, wherever they are typed besides a report."""

from typing import Final

from app.problems import refuse
from classifier.text import UnacceptableText, received

WORDS_MAX: Final = 5000


def words_of(field: str, typed: str, most: int = WORDS_MAX) -> str:
    """Return a person's words in the form we store; refuse none, broken or far too many."""
    try:
        words = received(typed)
    except UnacceptableText as error:
        raise refuse(field, error.reason) from None
    if not words:
        raise refuse(field, "required")
    if len(words) > most:
        raise refuse(field, "too_long", max=most)
    return words
