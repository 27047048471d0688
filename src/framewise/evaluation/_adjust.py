"""p-values of several tests at once."""

from collections.abc import Sequence

import numpy as np
from scipy import stats


def holm(p: Sequence[float]) -> list[float]:
    """p-values adjusted so that the chance of one false find among all is bounded (Holm 1979).

    >>> [round(value, 6) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]

    Args:
        p: Each 0 to 1, in any order; the result has the same order.
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """p-values adjusted so that the expected share of false finds among the finds is bounded.

    >>> [round(value, 6) for value in benjamini_hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]

    Args:
        p: Each 0 to 1, in any order; the result has the same order.
    """
    return [float(value) for value in stats.false_discovery_control(p)] if len(p) else []
