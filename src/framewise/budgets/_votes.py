"""Other tables' budgets for the videos of this run, and their weighted median."""

import math
from collections.abc import Mapping, Sequence

from framewise.budgets._budget import Budget, Key

_SMALLEST_SCALE = 0.05
"""Spread in log2 frames below which a table counts as equally good: labels are whole numbers."""
_PRIOR_SAMPLES = 20.0
"""Labelled samples that count as much as the belief that all tables are equally good."""


def log_frames(budget: Budget) -> float:
    """log2 of what the allocator wanted, a fraction where it knows one."""
    return math.log2(max(budget.num_frames if budget.wanted is None else budget.wanted, 1.0))


def log_choice(budget: Budget) -> float:
    """As ``log_frames``, but for a choice among options the chosen one.

    Its expectation lies above the smallest option even where that is all but certain, and would be snapped up.
    """
    return math.log2(budget.num_frames) if budget.probabilities else log_frames(budget)


def weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    """The value with at most half of the weight on either side; the larger one where two are.

    >>> weighted_median([3.0, 6.0, 4.0], [1.0, 1.0, 1.0]), weighted_median([3.0, 6.0], [1.0, 1.0])
    (4.0, 6.0)
    """
    above = 0.0
    for value, weight in sorted(zip(values, weights, strict=True), reverse=True):
        above += weight
        if above >= sum(weights) / 2 - 1e-12:
            return value
    raise ValueError("no values")


def fit_weights(tables: Sequence[Mapping[Key, Budget]], truth: Mapping[Key, int]) -> list[float]:
    """Weights that make the weighted median the most likely number, shrunk towards equal ones.

    With errors in log2 m that follow Laplace's distribution the most likely number is the median weighted
    with 1 / mean absolute error.

    Args:
        tables: Budgets of each voter.
        truth: Labels, a part of the videos being enough.

    Returns:
        One weight a table, that sum to 1.

    Raises:
        ValueError: No labelled video is in all tables.
    """
    shared = [key for key in truth if all(key in table for table in tables)]
    if not shared:
        raise ValueError("no labelled video is in all tables")
    errors = [
        sum(abs(log_choice(table[key]) - math.log2(truth[key])) for key in shared) / len(shared)
        for table in tables
    ]
    sharpness = [1 / max(error, _SMALLEST_SCALE) for error in errors]
    trust = len(shared) / (len(shared) + _PRIOR_SAMPLES)
    return [trust * s / sum(sharpness) + (1 - trust) / len(tables) for s in sharpness]
