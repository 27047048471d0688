"""Statistics of scores that come in clusters, and of the difference between two runs on the same items."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Vector = NDArray[np.float64]

_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """Mean of the scores after, less the mean before, over the same items."""

    before: float
    """Mean score before, 0 to 1."""
    after: float
    """Mean score after, 0 to 1."""
    delta: float
    """after - before, -1 to 1."""
    ci95: tuple[float, float] | None
    """95 % interval of ``delta``; None where there is only one cluster."""
    n: int
    """Number of items."""
    num_clusters: int


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """Items whose score changed, and how likely so uneven a split is by chance."""

    gained: int
    """Items that score more after."""
    lost: int
    """Items that score less after."""
    p: float
    """Two-sided exact p-value, 0 to 1."""


def clustered_standard_error(values: ArrayLike, clusters: Sequence[Hashable]) -> float | None:
    """Standard error of the mean over items when whole clusters, not items, are drawn.

    ``sqrt(G / (G - 1) * sum_g (sum_{i in g} (x_i - mean))^2) / n`` with G clusters and n items: the
    linearised error of a ratio of sums. With one item a cluster it is the familiar ``std(ddof=1) / sqrt(n)``.

    Args:
        values: Scores, shape [n].
        clusters: The cluster of each item, length n.

    Returns:
        The standard error, in the unit of the values; None where there are fewer than two clusters.
    """
    x = np.asarray(values, dtype=np.float64)
    sums, _ = _cluster_sums(x - x.mean(), clusters)
    if len(sums) < 2:
        return None
    correction = len(sums) / (len(sums) - 1)
    return float(np.sqrt(correction * np.square(sums).sum()) / len(x))


def paired_difference(
    before: ArrayLike,
    after: ArrayLike,
    clusters: Sequence[Hashable],
    *,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> PairedDifference:
    """Difference of means over paired items with a 95 % bootstrap interval over clusters.

    Each resample draws clusters with replacement, the same for both runs, and takes the sum of the items'
    differences over the number of items drawn. The interval is the percentile one: it keeps within -1 to 1,
    needs no jackknife, and in the simulations of the tests it covers no less often than BCa for such means:
    about 95 % from 200 clusters on, 93 % at 50 and 91 % at 20.
    If every cluster differs by one amount an item, resampling changes nothing and the interval is a point.

    Args:
        before: Scores of one run, shape [n].
        after: Scores of the other on the same items in the same order, shape [n].
        clusters: The cluster of each item, length n.
        num_resamples: Bootstrap draws.
        seed: Seed of the draws.

    Raises:
        ValueError: Lengths differ or there is no item.
    """
    x, y = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if not len(x) == len(y) == len(clusters) or len(x) == 0:
        raise ValueError(f"need equally many scores and clusters, got {len(x)}, {len(y)} and {len(clusters)}")
    sums, counts = _cluster_sums(y - x, clusters)
    delta = float(sums.sum() / counts.sum())
    return PairedDifference(
        before=float(x.mean()),
        after=float(y.mean()),
        delta=delta,
        ci95=_interval(sums, counts, delta, num_resamples, seed),
        n=len(x),
        num_clusters=len(sums),
    )


def exact_mcnemar(before: ArrayLike, after: ArrayLike) -> McNemar:
    """Exact McNemar test: of the items whose score changed, were as many gained as lost?

    For scores between 0 and 1 this is the sign test. It takes items as independent; where clusters hold
    several items, the bootstrap interval is the one to trust.

    Args:
        before: Scores of one run, shape [n].
        after: Scores of the other on the same items, shape [n].
    """
    x, y = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    gained, lost = int((y > x).sum()), int((y < x).sum())
    p = float(stats.binomtest(gained, gained + lost, 0.5).pvalue) if gained + lost else 1.0
    return McNemar(gained=gained, lost=lost, p=p)


def _cluster_sums(values: Vector, clusters: Sequence[Hashable]) -> tuple[Vector, Vector]:
    """Sum of the values and number of items of each cluster, in the order of first appearance."""
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    sums = np.bincount(index, weights=values).astype(np.float64)
    return sums, np.bincount(index).astype(np.float64)


def _interval(
    sums: Vector, counts: Vector, delta: float, num_resamples: int, seed: int
) -> tuple[float, float] | None:
    if len(sums) < 2:
        return None
    if np.allclose(sums, delta * counts, rtol=0.0, atol=1e-12):
        return delta, delta
    result = stats.bootstrap(
        (sums, counts),
        _ratio,
        paired=True,
        vectorized=True,
        n_resamples=num_resamples,
        batch=max(1, _CELLS_AT_ONCE // len(sums)),
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _ratio(sums: Vector, counts: Vector, axis: int) -> Vector:
    ratio: Vector = sums.sum(axis=axis) / counts.sum(axis=axis)
    return ratio
