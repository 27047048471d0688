"""What a table of budgets and known minimal budgets say about the alignment, without any training."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framewise._errors import UsageError
from framewise.diagnostics._draws import Estimate, image_doubt, resample
from framewise.diagnostics._table import VideoTable

Array = NDArray[np.float64]


def selection_effect(table: VideoTable, budgets: Mapping[str, int], seed: int) -> dict[str, Any]:
    """Alignment under a table of budgets less that of its shuffled twin: sum_i a_i(m_i) - sum_k p_k a_i(m_k).

    The twin deals the same budgets to the samples at random; its expectation is exact, not drawn. What is left is
    the covariance of budget and alignment: what it is worth to know which sample gets how many.

    Args:
        table: Measured inner products.
        budgets: Number of frames by record id; records that were not measured are left out.
        seed: Of the bootstrap.

    Raises:
        UsageError: No record is in both, or a budget is not among the measured numbers of frames.
    """
    places = [i for i, name in enumerate(table.ids) if name in budgets]
    if not places:
        raise UsageError("the budgets are about none of the videos that were measured")
    column = {m: j for j, m in enumerate(table.frames)}
    missing = sorted({budgets[table.ids[i]] for i in places} - column.keys())
    if missing:
        raise UsageError(
            f"the table has budgets of {', '.join(map(str, missing))} frames, and measured are "
            f"{', '.join(map(str, table.frames))}: add them to --frames"
        )
    halves = table.halves.sum(axis=-1)[:, places]
    dealt = np.array([column[budgets[table.ids[i]]] for i in places])
    given = np.eye(len(table.frames))[dealt]
    groups = np.unique(table.clusters[places], return_inverse=True)[1]
    # The shares are drawn again with the samples: else a sample's own budget would count as noise.
    mean, first, second = (
        np.concatenate([given * values, given, values], axis=1) for values in (halves.mean(axis=0), *halves)
    )
    number = len(table.frames)
    points, one, two = (_table_and_twin(s.mean(axis=0)[None], number) for s in (mean, first, second))
    drawn = _table_and_twin(resample(mean, groups, np.random.default_rng(seed)), number)
    drawn = drawn + image_doubt(seed)[:, None] * (one - two) / 2
    found = {
        name: Estimate.of(float(points[0, k]), drawn[:, k]).to_json()
        for k, name in enumerate(("table", "shuffled", "effect"))
    }
    return {**found, "n": len(places), "num_clusters": int(groups.max()) + 1}


def _table_and_twin(means: Array, num_frames: int) -> Array:
    """Alignment under the table, under its twin, and the difference, shape [draws, 3]."""
    own, shares, all_samples = np.split(means, [num_frames, 2 * num_frames], axis=1)
    table, twin = own.sum(axis=1), (shares * all_samples).sum(axis=1)
    return np.stack([table, twin, table - twin], axis=1)


def beyond_need(table: VideoTable, truth: Mapping[str, int], seed: int) -> list[dict[str, Any]]:
    """Eq. 25 and 26: what more frames than a sample needs do to its alignment and its squared norm.

    Args:
        table: Measured inner products.
        truth: Smallest sufficient number of frames by record id; those that were not measured are left out.
        seed: Of the bootstrap.

    Returns:
        One entry a ratio m / m_min: mean changes from m_min to m, paired within samples. The paper assumes that
        ``alignment`` is not positive and ``squared_norm`` not negative.
    """
    column = {m: j for j, m in enumerate(table.frames)}
    halves, squares = table.halves.sum(axis=-1), table.squares.sum(axis=-1)
    by_ratio: dict[float, list[tuple[int, int, int]]] = {}
    for i, name in enumerate(table.ids):
        needed = truth.get(name)
        if needed not in column:
            continue
        for m in table.frames:
            if m > needed:
                by_ratio.setdefault(m / needed, []).append((i, column[needed], column[m]))
    found = []
    for ratio, members in sorted(by_ratio.items()):
        i, low, high = np.array(members).T
        groups = np.unique(table.clusters[i], return_inverse=True)[1]
        by_half = halves[:, i, high] - halves[:, i, low]
        change = np.stack([by_half.mean(axis=0), squares[i, high] - squares[i, low]], axis=1)
        drawn = resample(change, groups, np.random.default_rng(seed))
        drawn[:, 0] += image_doubt(seed) * (by_half[0] - by_half[1]).mean() / 2
        several = int(groups.max()) > 0
        entry = {
            name: Estimate.of(float(change[:, k].mean()), drawn[:, k] if several else drawn[:0, k]).to_json()
            for k, name in enumerate(("alignment", "squared_norm"))
        }
        found.append({"ratio": ratio, "n": len(members), "num_clusters": int(groups.max()) + 1, **entry})
    return found
