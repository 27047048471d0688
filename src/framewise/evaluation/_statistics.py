"""Statistics of scores that come in clusters, and of the difference between two runs on the same items."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from framewise._resampling import number_clusters
from framewise.evaluation._draws import NUM_DRAWS, replicate
from framewise.evaluation._interval import Spread
from framewise.evaluation._metrics import mean


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
    sums = np.bincount(number_clusters(clusters), weights=x - x.mean())
    if len(sums) < 2:
        return None
    correction = len(sums) / (len(sums) - 1)
    return float(np.sqrt(correction * np.square(sums).sum()) / len(x))


def paired_difference(
    before: ArrayLike,
    after: ArrayLike,
    clusters: Sequence[Hashable],
    *,
    num_resamples: int = NUM_DRAWS,
    seed: int = 0,
) -> PairedDifference:
    """Difference of means over paired items with a 95 % bootstrap interval over clusters.

    Each resample draws clusters with replacement, the same for both runs, and takes the sum of the items'
    differences over the number of items drawn. ``Spread.interval`` says how the interval comes of the draws, and
    why it is no point where no cluster differs from another.

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
    one, two = mean(x), mean(y)
    drawn = replicate({"before": one, "after": two}, clusters, num_draws=num_resamples, seed=seed)
    num_clusters = len(set(clusters))
    delta = two.value() - one.value()
    spread = Spread(
        value=delta,
        replicates=drawn["after"] - drawn["before"],
        num_left_out=num_clusters,
        num_clusters=num_clusters,
        span=one.span,
    )
    return PairedDifference(
        before=one.value(),
        after=two.value(),
        delta=delta,
        ci95=spread.interval(0.95),
        n=len(x),
        num_clusters=num_clusters,
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
