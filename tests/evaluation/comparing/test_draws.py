"""Draws and swaps of clusters against slow, obvious loops, and their rates in simulations with a known truth."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from framewise.evaluation._adjust import benjamini_hochberg, holm
from framewise.evaluation._draws import replicate, sign_flip
from framewise.evaluation._equivalence import Equivalence, smallest_detectable
from framewise.evaluation._interval import Spread
from framewise.evaluation._metrics import mean, ratio, total


def points(right):
    """Points of yes/no questions in pairs, as MME counts them: accuracy and pairs with both right."""
    right = np.asarray(right, dtype=np.float64)
    both = np.zeros(len(right))
    both[::2] = right[::2] * right[1::2]
    first = np.arange(len(right)) % 2 == 0
    return total([mean(right, unit="points"), ratio(both, first).scaled(100.0, "points")])


def slow_points(right, pairs):
    """The same for the pairs with repetitions, one pair at a time."""
    hits = [float(right[2 * p + side]) for p in pairs for side in (0, 1)]
    both = [float(right[2 * p] and right[2 * p + 1]) for p in pairs]
    return 100 * sum(hits) / len(hits) + 100 * sum(both) / len(both)


def answers(rng, num_pairs, *, before, after, kept=0.6):
    """Right or wrong of two runs; with chance ``kept`` both answers of a pair stay what they were."""
    one = rng.random(2 * num_pairs) < before
    two = rng.random(2 * num_pairs) < after
    stays = np.repeat(rng.random(num_pairs) < kept, 2)
    return one, np.where(stays, one, two)


def test_composites_agree_with_a_resampling_loop():
    one, two = answers(np.random.default_rng(1), 50, before=0.6, after=0.75)
    clusters = np.repeat(np.arange(50), 2).tolist()
    again = replicate({"before": points(one), "after": points(two)}, clusters, num_draws=20_000)
    changes = again["after"] - again["before"]
    fast = np.quantile(changes[50:], [0.025, 0.5, 0.975])
    rng = np.random.default_rng(2)
    draws = [rng.integers(50, size=50) for _ in range(2000)]
    slow = np.quantile([slow_points(two, d) - slow_points(one, d) for d in draws], [0.025, 0.5, 0.975])
    assert fast == pytest.approx(slow, abs=0.07 * (slow[2] - slow[0]))
    others = [[p for p in range(50) if p != left_out] for left_out in range(50)]
    assert changes[:50] == pytest.approx([slow_points(two, o) - slow_points(one, o) for o in others])


def test_the_same_draws_whatever_the_metrics():
    values = np.random.default_rng(0).random(30)
    clusters = [number // 3 for number in range(30)]
    alone = replicate({"a": mean(values)}, clusters, num_draws=50, seed=4)
    together = replicate({"b": mean(values * 2), "a": mean(values)}, clusters, num_draws=50, seed=4)
    assert together["a"] == pytest.approx(alone["a"], abs=1e-12)
    assert together["b"] == pytest.approx(2 * together["a"])


def test_swaps_agree_with_all_of_them():
    one, two = answers(np.random.default_rng(5), 9, before=0.4, after=0.9, kept=0.3)
    clusters = np.repeat(np.arange(9), 2).tolist()
    observed = abs(points(two).value() - points(one).value())
    extreme = 0
    for flips in product([False, True], repeat=9):
        swap = np.repeat(flips, 2)
        first, last = np.where(swap, two, one), np.where(swap, one, two)
        extreme += abs(points(last).value() - points(first).value()) >= observed - 1e-9
    p = sign_flip({"p": points(one)}, {"p": points(two)}, clusters, num_draws=40_000)["p"]
    assert p == pytest.approx(extreme / 2**9, abs=0.01)


def test_swaps_agree_with_scipy_for_a_plain_mean():
    rng = np.random.default_rng(6)
    one, two = rng.random(40), rng.random(40) + 0.15
    ours = sign_flip({"m": mean(one)}, {"m": mean(two)}, range(40), num_draws=20_000)["m"]
    theirs = stats.permutation_test(
        (two - one,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).pvalue
    assert ours == pytest.approx(theirs, abs=0.01)


def test_runs_that_are_equal_have_a_p_of_one():
    metrics = {"m": points([1, 0, 1, 1])}
    assert sign_flip(metrics, metrics, [0, 0, 1, 1], num_draws=100)["m"] == 1.0


def test_swaps_are_uniform_where_nothing_changed():
    """Scores without ties, three items a cluster that change alike: every p is as likely as any other."""
    rng = np.random.default_rng(7)
    clusters = np.repeat(np.arange(40), 3)
    found = []
    for seed in range(250):
        one = rng.random(120) + rng.normal(size=40)[clusters]
        two = rng.random(120) + rng.normal(size=40)[clusters]
        p = sign_flip({"m": mean(one)}, {"m": mean(two)}, clusters.tolist(), num_draws=400, seed=seed)
        found.append(p["m"])
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_swaps_of_composites_rarely_find_what_is_not_there():
    """Answers are right or wrong, so differences of exactly 0 pile up at p = 1; below, the level holds."""
    rng = np.random.default_rng(7)
    found = []
    for seed in range(200):
        one, two = answers(rng, 60, before=0.6, after=0.6, kept=0.2)
        clusters = np.repeat(np.arange(60), 2).tolist()
        found.append(
            sign_flip({"p": points(one)}, {"p": points(two)}, clusters, num_draws=400, seed=seed)["p"]
        )
    assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.09


def claimed(*, trials, num_pairs, before, after, margin):
    """How often the 90 % interval lies within the margin."""
    rng, found = np.random.default_rng(8), 0
    for seed in range(trials):
        one, two = answers(rng, num_pairs, before=before, after=after, kept=0.6)
        clusters = np.repeat(np.arange(num_pairs), 2).tolist()
        again = replicate({"b": points(one), "a": points(two)}, clusters, num_draws=800, seed=seed)
        spread = Spread(
            value=points(two).value() - points(one).value(), replicates=again["a"] - again["b"],
            num_left_out=num_pairs, num_clusters=num_pairs, span=200.0,
        )  # fmt: skip
        found += bool(Equivalence(margin=margin, ci90=spread.interval(0.9)).equivalent)
    return found / trials


def test_equivalence_is_rarely_found_where_the_loss_is_as_large_as_the_margin():
    before, after = 0.8, 0.7
    loss = abs(0.4 * (100 * (after - before) + 100 * (after**2 - before**2)))
    assert claimed(trials=120, num_pairs=150, before=before, after=after, margin=loss) <= 0.09
    assert claimed(trials=40, num_pairs=150, before=0.8, after=0.8, margin=3 * loss) >= 0.9


def test_no_change_among_few_items_is_no_proof_of_no_harm():
    """With 60 items a loss of one in a hundred shows nothing in more than half of all runs."""
    spread = Spread(value=0.0, replicates=np.zeros(160), num_left_out=60, num_clusters=60, span=1.0)
    assert Equivalence(margin=0.01, ci90=spread.interval(0.9)).no_harm is False
    assert Equivalence(margin=0.06, ci90=spread.interval(0.9)).no_harm is True


def test_the_smallest_detectable_difference_is_found_in_four_of_five():
    rng = np.random.default_rng(9)
    num_items, share = 400, 0.2
    error = np.sqrt(share / num_items)
    least = smallest_detectable(error, span=1.0, num_clusters=num_items)
    hits = 0
    for seed in range(150):
        change = rng.choice(
            [1, 0, -1], size=num_items, p=[(share + least) / 2, 1 - share, (share - least) / 2]
        )
        one, two = (change < 0).astype(float), (change > 0).astype(float)
        p = sign_flip({"m": mean(one)}, {"m": mean(two)}, range(num_items), num_draws=400, seed=seed)["m"]
        hits += p <= 0.05
    assert 0.7 <= hits / 150 <= 0.9


def test_where_nothing_changed_six_clusters_are_the_least_that_could_be_seen():
    assert smallest_detectable(0.0, span=1.0, num_clusters=60) == pytest.approx(0.1)
    assert smallest_detectable(0.0, span=200.0, num_clusters=20) == pytest.approx(60.0)
    assert smallest_detectable(9.0, span=1.0, num_clusters=20) == 1.0


def slow_holm(p):
    order = sorted(range(len(p)), key=lambda i: p[i])
    return [
        min(1.0, max(p[order[j]] * (len(p) - j) for j in range(order.index(i) + 1))) for i in range(len(p))
    ]


def slow_benjamini_hochberg(p):
    ranked = sorted(p)
    return [
        min(min(1.0, ranked[j] * len(p) / (j + 1)) for j in range(len(p)) if ranked[j] >= value)
        for value in p
    ]


def test_adjusted_p_values_agree_with_their_definitions():
    p = np.random.default_rng(3).random(12) ** 3
    assert holm(p) == pytest.approx(slow_holm(p.tolist()))
    assert benjamini_hochberg(p) == pytest.approx(slow_benjamini_hochberg(p.tolist()))
    assert holm([]) == benjamini_hochberg([]) == []


def test_equivalence_says_what_the_interval_says():
    assert Equivalence(margin=0.02, ci90=(-0.01, 0.015)).equivalent is True
    gained = Equivalence(margin=0.02, ci90=(-0.01, 0.05))
    assert (gained.equivalent, gained.no_harm) == (False, True)
    lost = Equivalence(margin=0.02, ci90=(-0.03, 0.01))
    assert (lost.equivalent, lost.no_harm) == (False, False)
    assert Equivalence(margin=0.02, ci90=None).no_harm is None
