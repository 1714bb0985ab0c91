"""A person's words as they are taken, wherever they are typed besides a report."""

from typing import Final

from app.problems import refuse
from classifier.text import UnacceptableText, received

WORDS_MAX: Final = 5000
#: Characters of the reason for an act that is on record: a word at least.
REASON_MIN: Final = 5


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


def reason_of(typed: str, most: int) -> str:
    """Return why somebody does what is on record, taken as `words_of` does; refuse one that is too short, too."""
    reason = words_of("reason", typed, most)
    if len(reason) < REASON_MIN:
        raise refuse("reason", "too_short", min=REASON_MIN)
    return reason
