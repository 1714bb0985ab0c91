"""A model that learned from decisions takes the place of the old one only if it is better everywhere."""

from typing import Any

import pytest

from classifier.judge import compare


def manifest(top1: float, recalls: dict[str, float], right: int = 0, recent: int = 10) -> dict[str, Any]:
    by_topic = {slug: {"recall": recall} for slug, recall in recalls.items()}
    return {
        "metrics": {"topic": {"top1": top1, "by_topic": by_topic}},
        "overrides": {"recent": recent, "recent_right": right},
    }


OLD = manifest(0.80, {"noise": 0.9, "trees": 0.8})


@pytest.mark.parametrize(
    ("new", "better"),
    [
        (manifest(0.81, {"noise": 0.9, "trees": 0.8}, right=8), True),
        (manifest(0.81, {"noise": 0.9, "trees": 0.8}, right=6), False),
        (manifest(0.79, {"noise": 0.9, "trees": 0.8}, right=9), False),
        (manifest(0.85, {"noise": 0.86, "trees": 0.9}, right=9), False),
        (manifest(0.85, {"noise": 0.88, "trees": 0.9}, right=9), True),
    ],
    ids=["better on both", "no better on decisions", "worse on reports", "a topic lost four points", "lost two points"],
)
def test_better_on_both_and_no_topic_lost(new: dict[str, Any], *, better: bool) -> None:
    verdict = compare(OLD, new, old_recent_right=6)
    assert verdict.better is better
    assert len(verdict.reasons) >= 2
