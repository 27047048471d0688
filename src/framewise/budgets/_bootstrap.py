"""Means of values that come in clusters, with intervals."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    """Equal to the mean where there is one cluster, as then nothing is known of the spread."""
    high: float


def mean_with_interval(
    values: NDArray[np.float64], clusters: Sequence[Hashable], *, num_resamples: int = 2000, seed: int = 0
) -> Interval:
    """Mean over items and its percentile interval when whole clusters are drawn with replacement.

    Args:
        values: Shape [n], n at least 1.
        clusters: The cluster of each item, length n.
        num_resamples: Bootstrap draws.
        seed: Seed of the draws; equal seeds draw the same clusters, so that intervals of several measures agree.
    """
    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    sums, counts = np.bincount(index, weights=values), np.bincount(index)
    rng = np.random.default_rng(seed)
    batch = max(1, _CELLS_AT_ONCE // len(sums))
    means = []
    for start in range(0, num_resamples, batch):
        drawn = rng.integers(0, len(sums), (min(batch, num_resamples - start), len(sums)))
        means.append(sums[drawn].sum(1) / counts[drawn].sum(1))
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
