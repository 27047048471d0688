import numpy as np
import pytest
from scipy import stats

from framewise.evaluation import clustered_standard_error, exact_mcnemar, paired_difference


def slow_interval(before, after, clusters, *, num_resamples, seed):
    """Bootstrap over clusters, one resample at a time, with wider quantiles and half a step."""
    rng = np.random.default_rng(seed)
    groups = {}
    for x, y, cluster in zip(before, after, clusters, strict=True):
        groups.setdefault(cluster, []).append(float(y) - float(x))
    groups = list(groups.values())
    deltas = []
    for _ in range(num_resamples):
        drawn = [value for k in rng.integers(len(groups), size=len(groups)) for value in groups[k]]
        deltas.append(sum(drawn) / len(drawn))
    size, total, items = len(groups), sum(map(sum, groups)), sum(map(len, groups))
    moves = [(total - sum(own)) / (items - len(own)) - total / items for own in groups]
    half = (sum(m**4 for m in moves) / sum(m**2 for m in moves)) ** 0.5 / 2
    far = stats.t.ppf(0.975, size - 1) * (size / (size - 1)) ** 0.5
    low, high = np.quantile(deltas, [stats.norm.cdf(-far), stats.norm.cdf(far)])
    return np.array([low - half, high + half])


def make_pairs(rng, *, num_clusters, most, gain, loss, together):
    """Scores of two runs; with probability ``together`` the items of a cluster change alike."""
    before, after, clusters = [], [], []
    for cluster in range(num_clusters):
        alike = rng.random() < together
        change = rng.choice([1, 0, -1], p=[gain, 1 - gain - loss, loss])
        for _ in range(rng.integers(1, most + 1)):
            own = change if alike else rng.choice([1, 0, -1], p=[gain, 1 - gain - loss, loss])
            same = rng.integers(2)
            before.append(same if own == 0 else int(own < 0))
            after.append(same if own == 0 else int(own > 0))
            clusters.append(cluster)
    return before, after, clusters


@pytest.mark.parametrize("most", [1, 4])
def test_interval_agrees_with_a_resampling_loop(most):
    pairs = make_pairs(np.random.default_rng(3), num_clusters=60, most=most, gain=0.3, loss=0.1, together=0.5)
    fast = paired_difference(*pairs, num_resamples=20_000)
    slow = slow_interval(*pairs, num_resamples=5_000, seed=1)
    width = slow[1] - slow[0]
    assert fast.ci95 == pytest.approx(slow, abs=0.06 * width)


def test_delta_is_the_difference_of_means_over_items():
    rng = np.random.default_rng(0)
    before, after, clusters = rng.random(50), rng.random(50), rng.integers(7, size=50)
    found = paired_difference(before, after, list(clusters), num_resamples=100)
    assert found.before == pytest.approx(before.mean(), abs=1e-15)
    assert found.after == pytest.approx(after.mean(), abs=1e-15)
    assert found.delta == pytest.approx(after.mean() - before.mean(), abs=1e-15)
    assert (found.n, found.num_clusters) == (50, 7)


def test_interval_of_single_item_clusters_matches_the_normal_one():
    rng = np.random.default_rng(5)
    before, after = rng.random(2000), rng.random(2000)
    found = paired_difference(before, after, range(2000))
    error = stats.norm.ppf(0.975) * (after - before).std() / np.sqrt(2000)
    assert found.ci95 == pytest.approx((found.delta - error, found.delta + error), abs=0.05 * error)


def test_same_seed_same_interval_and_swapping_runs_mirrors_it():
    pairs = make_pairs(np.random.default_rng(8), num_clusters=30, most=3, gain=0.3, loss=0.2, together=0.3)
    one, two = paired_difference(*pairs), paired_difference(*pairs)
    assert one == two
    mirrored = paired_difference(pairs[1], pairs[0], pairs[2])
    assert mirrored.delta == -one.delta
    assert mirrored.ci95 == pytest.approx((-one.ci95[1], -one.ci95[0]))


@pytest.mark.parametrize(
    ("before", "after", "clusters", "delta", "low", "high"),
    [
        ([0, 1, 1], [0, 1, 1], "abc", 0.0, -(1 - 0.025 ** (1 / 3)), 1 - 0.025 ** (1 / 3)),
        ([0, 0, 0], [1, 1, 1], "abc", 1.0, 0.025 ** (1 / 3), 1.0),
        ([0.1, 0.2, 0.3, 0.4], [0.4, 0.5, 0.6, 0.7], "aabc", 0.3, 0.3 - (1 - 0.025 ** (1 / 3)), 1.0),
        ([0, 1, 0, 1], [1, 1, 1, 1], "aabb", 0.5, 0.5 - (1 - 0.025**0.5), 1.0),
    ],
)
def test_equal_clusters_give_the_interval_of_no_case_among_them(before, after, clusters, delta, low, high):
    found = paired_difference(before, after, clusters)
    assert found.delta == pytest.approx(delta)
    assert found.ci95 == pytest.approx((low, high))


def test_one_cluster_has_no_interval():
    assert paired_difference([0, 1], [1, 1], "aa").ci95 is None
    assert clustered_standard_error([0, 1], "aa") is None


@pytest.mark.parametrize(
    ("before", "after", "clusters"), [([], [], []), ([1], [1, 0], "ab"), ([1, 0], [1, 0], "a")]
)
def test_what_is_no_pairing_is_refused(before, after, clusters):
    with pytest.raises(ValueError, match="equally many"):
        paired_difference(before, after, clusters)


def coverage(interval_of, *, trials, **world):
    rng = np.random.default_rng(11)
    truth = world["gain"] - world["loss"]
    hits = 0
    for _ in range(trials):
        low, high = interval_of(*make_pairs(rng, **world))
        hits += low - 1e-12 <= truth <= high + 1e-12
    return hits / trials


def ours(before, after, clusters):
    return paired_difference(before, after, clusters, num_resamples=500).ci95


def naive(before, after, clusters):
    """The interval that forgets the clusters."""
    return paired_difference(before, after, range(len(before)), num_resamples=500).ci95


def test_coverage_with_correlated_items_needs_clusters():
    world = {"num_clusters": 100, "most": 6, "gain": 0.3, "loss": 0.1, "together": 0.9}
    assert 0.91 <= coverage(ours, trials=100, **world) <= 0.98
    assert coverage(naive, trials=50, **world) < 0.85


@pytest.mark.slow
@pytest.mark.parametrize(("num_clusters", "most"), [(20, 4), (50, 6), (200, 4)])
def test_coverage_of_a_mean_is_nominal_with_few_clusters(num_clusters, most):
    world = {"num_clusters": num_clusters, "most": most, "gain": 0.3, "loss": 0.1, "together": 0.9}
    assert 0.93 <= coverage(ours, trials=1000, **world) <= 0.97


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 0, 1.0), (5, 0, 2 * 0.5**5), (0, 10, 2 * 0.5**10), (8, 2, 0.109375)],
)
def test_mcnemar_closed_form(gained, lost, p):
    before = [0] * gained + [1] * lost + [1, 0, 1]
    after = [1] * gained + [0] * lost + [1, 0, 1]
    found = exact_mcnemar(before, after)
    assert (found.gained, found.lost) == (gained, lost)
    assert found.p == pytest.approx(p)


def test_standard_error_of_single_items_is_the_familiar_one():
    x = np.random.default_rng(2).random(40)
    assert clustered_standard_error(x, range(40)) == pytest.approx(x.std(ddof=1) / np.sqrt(40))


def test_standard_error_of_copies_is_that_of_their_clusters():
    x = np.random.default_rng(2).random(30)
    copies = clustered_standard_error(np.repeat(x, 5), np.repeat(np.arange(30), 5).tolist())
    assert copies == pytest.approx(x.std(ddof=1) / np.sqrt(30))


def test_standard_error_against_a_loop_and_the_bootstrap():
    rng = np.random.default_rng(7)
    clusters = np.repeat(np.arange(80), rng.integers(1, 6, size=80))
    x = (rng.random(80)[clusters] + 0.3 * rng.random(len(clusters)) > 0.6).astype(float)
    total = 0.0
    for cluster in range(80):
        total += sum(value - x.mean() for value in x[clusters == cluster]) ** 2
    expected = (80 / 79 * total) ** 0.5 / len(x)
    assert clustered_standard_error(x, clusters.tolist()) == pytest.approx(expected, rel=1e-12)
    means = []
    for _ in range(2000):
        drawn = np.concatenate([x[clusters == k] for k in rng.integers(80, size=80)])
        means.append(drawn.mean())
    assert np.std(means) == pytest.approx(expected, rel=0.08)
