"""Times of temporal groups in words that keep their order."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError

_MOST_DECIMALS = 9


def group_times(times_seconds: NDArray[np.float64], frames_per_group: int) -> list[float]:
    """Time of each group of frames: the mean of its first and its last frame.

    A group that lacks frames at the end is filled with its last one, as its pixels are.

    >>> group_times(np.array([0.0, 0.5, 1.0]), frames_per_group=2)
    [0.25, 1.0]
    """
    firsts = range(0, len(times_seconds), frames_per_group)
    lasts = [min(first + frames_per_group, len(times_seconds)) - 1 for first in firsts]
    return [float(times_seconds[i] + times_seconds[j]) / 2 for i, j in zip(firsts, lasts, strict=True)]


def timestamps(times: Sequence[float]) -> list[str]:
    """Times with one decimal, as the weights were trained on, or with as few more as keep them apart.

    All times of a clip have the same number of decimals. Groups of a short clip that would read alike would
    leave the model without their order in words; a number with two decimals is one that it has read in text.

    Args:
        times: Strictly increasing, in seconds.

    Raises:
        FramewiseError: They are not told apart by nanoseconds.

    >>> timestamps([0.25, 1.0])
    ['0.2', '1.0']
    >>> timestamps([0.01, 0.03, 0.05])
    ['0.01', '0.03', '0.05']
    """
    for decimals in range(1, _MOST_DECIMALS + 1):
        words = [f"{time:.{decimals}f}" for time in times]
        read = [float(word) for word in words]
        if all(a < b for a, b in pairwise(read)):
            return words
    raise FramewiseError(f"frames at {min(times):g} to {max(times):g} s are less than a nanosecond apart")
