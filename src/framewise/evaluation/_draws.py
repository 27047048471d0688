"""Many values of many metrics at once: clusters left out, bootstrap draws of clusters, and sign flips of clusters.

All metrics share the draws, and a composite is computed again from its sums in each. A metric's sums over a draw are
the draw's counts times the clusters' sums, so a whole batch of draws is one product of matrices.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from framewise._resampling import batches, draw_clusters, number_clusters
from framewise.evaluation._metrics import Metric, Vector, columns, combine

NUM_DRAWS = 10_000
Name = TypeVar("Name", bound=Hashable)

_TOLERANCE = 1e-9


def replicate(
    metrics: Mapping[Name, Metric],
    clusters: Sequence[Hashable],
    *,
    num_draws: int = NUM_DRAWS,
    seed: int = 0,
) -> dict[Name, Vector]:
    """Every metric without each of the clusters, and in every draw of clusters with replacement.

    Args:
        metrics: Over the same n items.
        clusters: The cluster of each item, length n.
        num_draws: How many draws.
        seed: Equal seeds and clusters give equal draws, whatever the metrics.

    Returns:
        Values of shape [clusters + num_draws], clusters left out in the order of first appearance; not-a-number
        where there is no item of a part.
    """
    table = _Table(metrics, number_clusters(clusters))
    parts = [table.values(table.above.sum(0) - table.above, table.below.sum(0) - table.below)]
    parts += [
        table.values(weights @ table.above, weights @ table.below)
        for weights in draw_clusters(table.num_clusters, num_draws=num_draws, seed=seed)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in metrics}


def sign_flip(
    before: Mapping[Name, Metric],
    after: Mapping[Name, Metric],
    clusters: Sequence[Hashable],
    *,
    num_draws: int = NUM_DRAWS,
    seed: int = 0,
) -> dict[Name, float]:
    """Two-sided p-values: how often a difference as large comes of swapping before and after at random.

    If nothing changed, which of a cluster's two results came before is as good as a coin's toss; so each draw
    tosses one for every cluster, swaps, and computes the metrics again. The observed labelling counts as one
    of the draws, so the smallest p is 1 / (num_draws + 1).

    Args:
        before: Over the same n items.
        after: The same metrics of the other run.
        clusters: The cluster of each item, length n.
        num_draws: How many draws.
        seed: Of the draws.
    """
    index = number_clusters(clusters)
    one, two = _Table(before, index), _Table(after, index)
    size = one.num_clusters
    observed = two.differences(one, np.zeros((1, size)))
    least = {name: abs(float(found[0])) - _TOLERANCE for name, found in observed.items()}
    rng = np.random.default_rng(seed)
    extreme = dict.fromkeys(before, 0)
    for batch in batches(num_draws, size):
        flips = rng.integers(0, 2, size=(batch, size)).astype(np.float64)
        for name, found in two.differences(one, flips).items():
            # Negated, so that a draw without a value speaks against a difference.
            extreme[name] += int((~(np.abs(found) < least[name])).sum())
    return {name: (1 + number) / (1 + num_draws) for name, number in extreme.items()}


class _Table(Generic[Name]):
    """Sums of all metrics by cluster, side by side."""

    def __init__(self, metrics: Mapping[Name, Metric], index: NDArray[np.int64]) -> None:
        self.metrics = metrics
        self.num_clusters = int(index.max()) + 1
        pairs = [columns(metric) for metric in metrics.values()]
        self.above, self.below = (self._sum(np.hstack(side), index) for side in zip(*pairs, strict=True))
        ends = np.cumsum([0, *(len(metric.ratios) for metric in metrics.values())])
        self._places = dict(zip(metrics, pairwise(ends), strict=True))

    def _sum(self, matrix: Vector, index: NDArray[np.int64]) -> Vector:
        sums = np.zeros((self.num_clusters, matrix.shape[1]))
        np.add.at(sums, index, matrix)
        return sums

    def values(self, above: Vector, below: Vector) -> dict[Name, Vector]:
        """Each metric from sums of shape [draws, ratios of all metrics]."""
        return {
            name: combine(metric, above[:, slice(*self._places[name])], below[:, slice(*self._places[name])])
            for name, metric in self.metrics.items()
        }

    def differences(self, before: "_Table[Name]", flips: Vector) -> dict[Name, Vector]:
        """This table's metrics less those of ``before``, with the clusters swapped that ``flips`` marks."""
        moved = [
            flips @ (own - other) for own, other in ((self.above, before.above), (self.below, before.below))
        ]
        after = self.values(self.above.sum(0) - moved[0], self.below.sum(0) - moved[1])
        first = before.values(before.above.sum(0) + moved[0], before.below.sum(0) + moved[1])
        return {name: after[name] - first[name] for name in after}
