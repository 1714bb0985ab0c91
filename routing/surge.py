"""When a count of reports is more than chance: an upper Poisson bound on what the weeks before let expect."""

from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final

from routing.source import Block

#: How sure to be (one-sided) that the true rate is not above the one assumed.
CONFIDENCE: Final = 0.95
_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class SurgeRule:
    """What the city calls a surge: `at_least` reports in an hour, compared with so many weeks before."""

    at_least: int
    weeks: int
    one_in: int


def read_surge_rule(block: Block) -> SurgeRule:
    """Read the rule; zeros are problems."""
    block.only("at_least", "weeks", "one_in")
    rule = SurgeRule(block.number("at_least", 5), block.number("weeks", 8), block.number("one_in", 10_000, 10**9))
    if not (rule.at_least and rule.weeks and 1 < rule.one_in <= 10**9):
        block.wrong("at_least and weeks must be at least 1, one_in from 2 to a thousand million")
        return SurgeRule(5, 8, 10_000)
    return rule


def usual_at_most(before: int, hours: float, one_in: int) -> int | None:
    """Return how many reports an hour may bring without being unusual, after `before` reports in `hours` like it.

    The rate is not known, only counted, so its upper 95 % limit is taken (exact, Garwood 1936): a short or empty past
    makes the bound wide, not zero. The bound is the smallest number that a Poisson count of that rate exceeds in less
    than one hour of `one_in`. None when there is no past at all.
    """
    if hours <= 0:
        return None
    return quantile(1 - 1 / one_in, upper_mean(before, CONFIDENCE) / hours)


def upper_mean(count: int, confidence: float) -> float:
    """Return the largest mean with which a Poisson count of at most `count` still has a chance of 1 - confidence."""
    low, high = 0.0, 2.0 * count + 20.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if at_most(count, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def quantile(chance: float, mean: float) -> int:
    """Return the smallest k such that a Poisson count of this mean is at most k with at least this chance."""
    k, total = 0, _mass(0, mean)
    while total < chance:
        k += 1
        total += _mass(k, mean)
    return k


def at_most(count: int, mean: float) -> float:
    """Return the chance that a Poisson count of this mean is at most `count`."""
    return min(1.0, sum(_mass(k, mean) for k in range(count + 1)))


def _mass(k: int, mean: float) -> float:
    if mean == 0:
        return 1.0 if k == 0 else 0.0
    return exp(k * log(mean) - mean - lgamma(k + 1))
