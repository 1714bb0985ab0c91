"""The bound beyond which a count of reports is more than chance, beside scipy and beside counting by hand."""

import math
import random

import pytest
from scipy.stats import chi2, poisson

from routing.surge import CONFIDENCE, at_most, quantile, upper_mean, usual_at_most


@pytest.mark.parametrize("count", [0, 1, 2, 5, 17, 60, 400])
def test_the_upper_limit_of_a_rate_is_scipys(count: int) -> None:
    assert upper_mean(count, CONFIDENCE) == pytest.approx(chi2.ppf(CONFIDENCE, 2 * (count + 1)) / 2, rel=1e-9)


@pytest.mark.parametrize("mean", [0.01, 0.125, 1, 3.7, 20, 150, 900])
@pytest.mark.parametrize("chance", [0.5, 0.95, 0.999, 0.9999])
def test_the_quantile_is_scipys(mean: float, chance: float) -> None:
    assert quantile(chance, mean) == poisson.ppf(chance, mean)


@pytest.mark.parametrize(("before", "hours"), [(0, 24), (1, 24), (12, 24), (90, 24), (0, 3), (700, 24)])
def test_the_bound_is_scipys(before: int, hours: float) -> None:
    rate = chi2.ppf(CONFIDENCE, 2 * (before + 1)) / 2 / hours
    assert usual_at_most(before, hours, 10_000) == poisson.ppf(1 - 1e-4, rate)


def test_chances_add_up_as_they_do_by_hand() -> None:
    by_hand = sum(2.5**k * math.exp(-2.5) / math.factorial(k) for k in range(5))
    assert at_most(4, 2.5) == pytest.approx(by_hand)
    assert at_most(0, 0) == 1


def test_chance_alone_goes_beyond_the_bound_no_more_often_than_promised() -> None:
    """Counted out: hours of one rate, each compared with 24 others of the same rate, one in a hundred promised."""
    rng = random.Random(7)
    tries, beyond = 4000, 0
    for _ in range(tries):
        before = sum(drawn(rng, 0.8) for _ in range(24))
        bound = usual_at_most(before, 24, 100)
        assert bound is not None
        beyond += drawn(rng, 0.8) > bound
    assert beyond / tries <= 0.01


def test_less_past_makes_a_wider_bound_and_no_past_none() -> None:
    assert usual_at_most(0, 0, 10_000) is None
    bounds = [usual_at_most(0, hours, 10_000) or 0 for hours in (3, 6, 12, 24)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[0] > bounds[-1]


def drawn(rng: random.Random, mean: float) -> int:
    """Draw a Poisson count (Knuth)."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
