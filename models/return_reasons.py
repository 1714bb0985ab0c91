"""Why a unit gives a report back: a short list kept as data, so that returns can be counted by it."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import yaml


@dataclass(frozen=True)
class ReturnReason:
    """One reason: `slug` is stored, `vi` and `en` are shown; with `needs_words` it says too little alone."""

    slug: str
    vi: str
    en: str
    needs_words: bool


#: What a return without a coded reason is taken for.
OTHER: Final = "other"


@cache
def return_reasons() -> dict[str, ReturnReason]:
    """Return every reason by its slug, in the order in which they are offered; `KeyError` names a missing field."""
    raw = yaml.safe_load(files("models").joinpath("data/return_reasons.yaml").read_text("utf-8"))
    reasons = (ReturnReason(r["slug"], r["vi"], r["en"], r.get("needs_words", False)) for r in raw["reasons"])
    return {reason.slug: reason for reason in reasons}
