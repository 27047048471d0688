"""Draws of whole clusters with replacement: what every interval here is made of."""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_CELLS_AT_ONCE = 2_000_000


def number_clusters(clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    """The number of each item's cluster, from 0, in the order of first appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters], dtype=np.int64)


def batches(num_draws: int, num_clusters: int) -> Iterator[int]:
    """Sizes of batches of draws that fit into memory together, ``num_draws`` in all."""
    most = max(1, _CELLS_AT_ONCE // num_clusters)
    for start in range(0, num_draws, most):
        yield min(most, num_draws - start)


def draw_clusters(num_clusters: int, *, num_draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each cluster is in each draw, batch by batch, shape [batch, clusters].

    Equal seeds give equal draws, so that intervals of several measures agree.
    """
    rng = np.random.default_rng(seed)
    for batch in batches(num_draws, num_clusters):
        drawn = rng.integers(num_clusters, size=(batch, num_clusters))
        cells = drawn + num_clusters * np.arange(batch)[:, None]
        counts = np.bincount(cells.ravel(), minlength=batch * num_clusters)
        yield counts.reshape(batch, num_clusters).astype(np.float64)
