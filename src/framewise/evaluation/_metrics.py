"""Numbers of a benchmark as functions of weights on its items.

Every metric is a sum of ratios of weighted sums: an accuracy is one ratio, MME's points of a category are two,
the mean of twenty tasks is twenty, F1 is one with twice the hits above. So a metric can be computed again for
any weights, such as the counts of a bootstrap draw, and for many draws by two matrix products.

>>> accuracy = mean([1, 0, 1, 1])
>>> accuracy.value()
0.75
>>> accuracy.value([2, 2, 0, 0])
0.5
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Unit = Literal["fraction", "percent", "points", "count"]


@dataclass(frozen=True, eq=False)
class Ratio:
    """``scale * sum(w * above) / sum(w * below)`` over the items, for weights w."""

    above: Vector
    """Shape [n]."""
    below: Vector
    """Shape [n], none negative."""
    scale: float = 1.0
    if_empty: float = float("nan")
    """What the ratio is where the sum below is zero."""
    largest: float = 1.0
    """Largest possible value before scaling."""


@dataclass(frozen=True, eq=False)
class Metric:
    """A sum of ratios."""

    ratios: tuple[Ratio, ...]
    unit: Unit
    """``fraction`` is 0 to 1, ``percent`` 0 to 100; ``points`` are the benchmark's own."""

    @property
    def span(self) -> float:
        """Largest possible value."""
        return sum(abs(ratio.scale) * ratio.largest for ratio in self.ratios)

    def value(self, weights: ArrayLike | None = None) -> float:
        """The metric where each item counts once, or with ``weights``, shape [n]."""
        if weights is None:
            weights = np.ones(len(self.ratios[0].above))
        return float(self.values(np.asarray(weights, dtype=np.float64)[None])[0])

    def values(self, weights: Vector) -> Vector:
        """The metric for each row of ``weights``, shape [draws, n]; returns shape [draws]."""
        return combine(self, *(weights @ matrix for matrix in columns(self)))

    def scaled(self, factor: float, unit: Unit) -> "Metric":
        """``factor`` times this metric, in another unit."""
        return Metric(tuple(replace(r, scale=r.scale * factor) for r in self.ratios), unit)


def mean(
    values: ArrayLike,
    where: ArrayLike | None = None,
    *,
    unit: Unit = "fraction",
    if_empty: float = float("nan"),
) -> Metric:
    """Mean of ``values`` over the items ``where`` something holds.

    Args:
        values: Shape [n]; not-a-number where an item has none and ``where`` leaves it out.
        where: Truth values, shape [n]; None: all items.
        unit: ``percent`` and ``points`` are a hundred times the mean.
        if_empty: Value where no item is left.
    """
    numbers = np.asarray(values, dtype=np.float64)
    kept = np.ones(len(numbers), dtype=bool) if where is None else np.asarray(where, dtype=bool)
    above = np.where(kept, numbers, 0.0)
    scale = 100.0 if unit in ("percent", "points") else 1.0
    return Metric((Ratio(above, kept.astype(np.float64), scale, if_empty),), unit)


def ratio(above: ArrayLike, below: ArrayLike, *, unit: Unit = "fraction", if_empty: float = 0.0) -> Metric:
    """Weighted sum of ``above`` over that of ``below``, both of shape [n]."""
    over, under = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return Metric((Ratio(over, under, 100.0 if unit == "percent" else 1.0, if_empty),), unit)


def count(values: ArrayLike) -> Metric:
    """Weighted sum of ``values``, shape [n], over the weights' mean: the plain sum where each item counts once."""
    numbers = np.asarray(values, dtype=np.float64)
    size = max(len(numbers), 1)
    return Metric((Ratio(numbers, np.full(len(numbers), 1.0 / size), largest=float(size)),), "count")


def total(parts: Sequence[Metric]) -> Metric:
    """Sum of metrics in one unit."""
    return Metric(tuple(r for part in parts for r in part.ratios), parts[0].unit)


def macro(parts: Sequence[Metric]) -> Metric:
    """Mean of metrics, each counting once however many items it has."""
    return total(parts).scaled(1.0 / len(parts), parts[0].unit)


def by(
    name: str,
    keys: Sequence[Hashable],
    values: ArrayLike,
    where: ArrayLike | None = None,
    *,
    unit: Unit = "fraction",
) -> dict[str, Metric]:
    """The mean of ``values`` in each slice, under ``name/slice``, in the order of first appearance.

    Args:
        name: What the slices are, such as ``category``.
        keys: The slice of each item.
        values: Shape [n].
        where: Items that count, shape [n]; None: all.
        unit: Unit of the means.
    """
    kept = np.ones(len(keys), dtype=bool) if where is None else np.asarray(where, dtype=bool)
    return {
        f"{name}/{key}": mean(values, kept & np.array([other == key for other in keys]), unit=unit)
        for key in dict.fromkeys(keys)
    }


def resample(metrics: Mapping[str, Metric], cluster_of: Sequence[int], draws: Vector) -> dict[str, Vector]:
    """Every metric in every bootstrap draw of clusters.

    Args:
        metrics: By name, over the same n items.
        cluster_of: Number of each item's cluster, from 0, length n.
        draws: How often each draw has each cluster, shape [draws, clusters].

    Returns:
        Values by name, each of shape [draws].
    """
    index = np.asarray(cluster_of)
    found = {}
    for name, metric in metrics.items():
        sums = [_sum_clusters(matrix, index, draws.shape[1]) for matrix in columns(metric)]
        found[name] = combine(metric, *(draws @ matrix for matrix in sums))
    return found


def columns(metric: Metric) -> tuple[Vector, Vector]:
    """What is summed above and below, each of shape [n, ratios]."""
    return np.stack([r.above for r in metric.ratios], 1), np.stack([r.below for r in metric.ratios], 1)


def combine(metric: Metric, above: Vector, below: Vector) -> Vector:
    """The metric from its weighted sums.

    Args:
        metric: The metric.
        above: Sums above, shape [draws, ratios].
        below: Sums below, shape [draws, ratios].
    """
    scale = np.array([r.scale for r in metric.ratios])
    empty = np.array([r.if_empty for r in metric.ratios])
    values = np.where(below > 0, np.divide(above, below, out=np.zeros_like(above), where=below > 0), empty)
    result: Vector = (values * scale).sum(axis=1)
    return result


def _sum_clusters(matrix: Vector, index: NDArray[np.int64], num_clusters: int) -> Vector:
    sums = np.zeros((num_clusters, matrix.shape[1]))
    np.add.at(sums, index, matrix)
    return sums
