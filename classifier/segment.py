"""Word segmentation by underthesea, on words that are already split: its model without its reading of raw text.

`word_tokenize` first cuts a raw text with a large regular expression. Ours is cut before, the same way for every form
of a text, and a second cut would only cost time.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import underthesea
from underthesea.models.fast_crf_sequence_tagger import FastCRFSequenceTagger

_WEIGHTS: Final = Path(underthesea.__file__).parent / "pipeline/word_tokenize/models/ws_crf_vlsp2013_20230727"


@cache
def _tagger() -> Any:
    tagger = FastCRFSequenceTagger()
    tagger.load(str(_WEIGHTS))
    return tagger


def compounds(words: Sequence[str]) -> list[str]:
    """Return the words of several syllables, in order ("bệnh viện", not "bệnh")."""
    if len(words) < 2:
        return []
    found: list[str] = []
    start = 0
    tags = _tagger().predict([[word] for word in words])
    for place, tag in enumerate([*tags[1:], "B-W"], start=1):
        if tag != "I-W":
            if place - start > 1:
                found.append(" ".join(words[start:place]))
            start = place
    return found
