"""Whether a model that learned from people's decisions may take the place of the one in service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: No topic may be found less often than before by more than this (a part of one).
MOST_LOST: Final = 0.03


class TooFew(Exception):
    """Raised when there are not enough decisions to learn from."""


@dataclass(frozen=True)
class Verdict:
    """`better` says whether to promote; `reasons` why, a line each."""

    better: bool
    reasons: tuple[str, ...]


def compare(old: Mapping[str, Any], new: Mapping[str, Any], old_recent_right: int) -> Verdict:
    """Judge two manifests on the same held-out reports, and on the recent decisions.

    The new model is promoted only if it is better on both and no topic loses more than three points.
    """
    before, after = old["metrics"]["topic"], new["metrics"]["topic"]
    recent = new["overrides"]["recent"]
    right = new["overrides"]["recent_right"]
    lost = [
        f"{slug} is found in {row['recall']:.1%} of its reports, before {before['by_topic'][slug]['recall']:.1%}"
        for slug, row in sorted(after["by_topic"].items())
        if slug in before["by_topic"] and row["recall"] < before["by_topic"][slug]["recall"] - MOST_LOST
    ]
    held = after["top1"] > before["top1"]
    reasons = [
        f"held-out reports: right on {after['top1']:.1%}, before {before['top1']:.1%}",
        f"recent decisions: right on {right} of {recent}, before {old_recent_right}",
        *lost,
    ]
    return Verdict(better=held and right > old_recent_right and not lost, reasons=tuple(reasons))
