"""Proposition 2: the number of frames m* from which on the alignment is not positive."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Array = NDArray[np.float64]


def falling_fit(alignment: Array) -> Array:
    """The closest sequence that never rises, least squares, shape [M]."""
    return np.asarray(optimize.isotonic_regression(alignment, increasing=False).x)


def first_not_positive(fit: Array) -> int | None:
    """Place of the first number of frames whose alignment is zero or less (Eq. 22); None: none in the range."""
    found = np.flatnonzero(fit <= 0)
    return int(found[0]) if len(found) else None


def threshold(
    frames: Sequence[int], alignment: Array, draws: Array, by_cluster: Sequence[Array]
) -> dict[str, Any]:
    """m* with its interval, the test for a falling trend, and the signs without any fit.

    Args:
        frames: Numbers of frames, ascending, M of them.
        alignment: A(m), shape [M].
        draws: The same in bootstrap draws, shape [D, M].
        by_cluster: Mean inner product of each video, shape [C, M], one an image half.

    Returns:
        ``fit``; ``m_star`` (null: not in the range tested); ``ci95``, of numbers of frames, null for an end
        beyond the range; ``share_in_range`` of the draws; ``trend_p``, one-sided, of Page's test for a fall over
        m, the larger one of the two image halves; ``monotone``, whether A(m) itself never rises.
    """
    fit = falling_fit(alignment)
    place = first_not_positive(fit)
    places = [first_not_positive(falling_fit(draw)) for draw in draws]
    beyond = len(frames)
    ends = np.percentile([beyond if p is None else p for p in places], [2.5, 97.5], method="nearest")
    tested = [p for half in by_cluster if (p := _trend(half)) is not None]
    return {
        "fit": fit.tolist(),
        "m_star": None if place is None else frames[place],
        "ci95": [None if end == beyond else frames[int(end)] for end in ends],
        "share_in_range": float(np.mean([p is not None for p in places])),
        "trend_p": max(tested) if len(tested) == len(by_cluster) else None,
        "monotone": bool((np.diff(alignment) <= 0).all()),
    }


def _trend(by_cluster: Array) -> float | None:
    """Page's test that the columns fall from left to right; None for fewer than three columns or two rows."""
    if by_cluster.shape[1] < 3 or by_cluster.shape[0] < 2:
        return None
    falling = np.arange(by_cluster.shape[1], 0, -1)
    return float(stats.page_trend_test(by_cluster, predicted_ranks=falling, method="asymptotic").pvalue)
