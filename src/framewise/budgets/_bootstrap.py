"""Means of values that come in clusters, with intervals."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framewise._resampling import draw_clusters, number_clusters


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
    index = number_clusters(clusters)
    sums, counts = np.bincount(index, weights=values), np.bincount(index)
    draws = draw_clusters(len(sums), num_draws=num_resamples, seed=seed)
    means = [(weights @ sums) / (weights @ counts) for weights in draws]
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
