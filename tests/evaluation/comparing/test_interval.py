"""Intervals against slow loops, at their edges, and their coverage of known differences."""

import numpy as np
import pytest
from coverage_worlds import WORLDS, coverage
from scipy import stats

from framewise.evaluation._draws import replicate
from framewise.evaluation._interval import Spread
from framewise.evaluation._metrics import mean


def spread_of(changes, *, num_draws=20_000):
    """The spread of a mean change of single items."""
    changes = np.asarray(changes, dtype=np.float64)
    size = len(changes)
    again = replicate({"m": mean(changes)}, range(size), num_draws=num_draws)["m"]
    value = float(changes.mean())
    return Spread(value=value, replicates=again, num_left_out=size, num_clusters=size, span=1.0)


def slow_interval(changes, level):
    """Without numpy's vectors: leave out each item, and look up the quantile of a widened normal."""
    size = len(changes)
    value = sum(changes) / size
    moves = [(sum(changes) - own) / (size - 1) - value for own in changes]
    half = (sum(m**4 for m in moves) / sum(m**2 for m in moves)) ** 0.5 / 2
    far = -stats.t.ppf((1 - level) / 2, size - 1) * (size / (size - 1)) ** 0.5
    rng = np.random.default_rng(1)
    draws = sorted(sum(changes[k] for k in rng.integers(size, size=size)) / size for _ in range(20_000))
    return draws[int(20_000 * stats.norm.cdf(-far))] - half, draws[int(20_000 * stats.norm.cdf(far))] + half


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_interval_agrees_with_a_slow_one(level):
    changes = np.random.default_rng(3).choice([1.0, 0.0, -1.0], size=40, p=[0.1, 0.6, 0.3])
    assert spread_of(changes).interval(level) == pytest.approx(
        slow_interval(changes.tolist(), level), abs=0.02
    )


def test_the_standard_error_of_single_items_is_the_familiar_one():
    changes = np.random.default_rng(4).normal(size=50)
    assert spread_of(changes).standard_error == pytest.approx(changes.std(ddof=1) / 50**0.5)


def test_where_nothing_changed_the_interval_is_that_of_no_case_among_n():
    """Clopper and Pearson's interval for 0 of n."""
    low, high = spread_of(np.zeros(60)).interval(0.95)
    upper = stats.binomtest(0, 60).proportion_ci(0.95).high
    assert (low, high) == pytest.approx((-upper, upper))
    low, high = spread_of(np.ones(5)).interval(0.95)
    assert (low, high) == pytest.approx((stats.binomtest(5, 5).proportion_ci(0.95).low, 1.0))


def test_a_few_losses_do_not_rule_out_a_small_gain():
    """Three of three changes for the worse have a sign-flip p of 0.25."""
    for losses in (1, 2, 3):
        low, high = spread_of([-1.0] * losses + [0.0] * (100 - losses)).interval(0.95)
        assert low < -losses / 100
        assert 0.0 < high <= 0.01, losses


def test_clusters_whose_part_would_be_empty_without_them_are_passed_over():
    spread = Spread(
        value=0.1, replicates=np.array([np.nan, 0.0, 0.2, np.nan, 0.05, 0.1, 0.15]), num_left_out=3,
        num_clusters=3, span=1.0,
    )  # fmt: skip
    low, high = spread.interval(0.9)
    assert 0.0 <= low <= high <= 0.2


@pytest.mark.parametrize(
    ("value", "draws", "num_clusters"), [(0.1, [0.1, 0.1], 1), (0.1, [np.nan], 2), (np.nan, [0.1], 2)]
)
def test_no_interval_without_two_clusters_a_draw_and_a_value(value, draws, num_clusters):
    spread = Spread(
        value=value,
        replicates=np.array([0.1, 0.1, *draws]),
        num_left_out=2,
        num_clusters=num_clusters,
        span=1.0,
    )
    assert spread.interval(0.95) is None
    assert np.isfinite(spread.standard_error)


@pytest.mark.parametrize("name", ["mme, 60 images", "mean, 60 items, few change"])
def test_intervals_of_few_clusters_cover_a_known_difference(name):
    covered, percentile = coverage(WORLDS[name], trials=200, num_draws=500)
    print(f"{name}: {covered:.1%}, percentile interval {percentile:.1%}")
    assert 0.93 <= covered <= 0.99
    assert covered >= percentile


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", WORLDS)
def test_intervals_cover_at_their_nominal_rate(name):
    """The standard error of 1,000 trials is 0.7 points; up to half a step of one cluster is given away."""
    covered, percentile = coverage(WORLDS[name], trials=1000, num_draws=1000)
    print(f"{name}: {covered:.1%}, percentile interval {percentile:.1%}")
    assert 0.935 <= covered <= 0.98
