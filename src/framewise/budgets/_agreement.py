"""How far two sets of budgets agree."""

import numpy as np
from numpy.typing import NDArray


def quadratic_kappa(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Cohen's kappa with quadratic weights of two ratings of the same things.

    1 less the mean of (a_i - b_i)^2 over the mean of (a_i - b_j)^2 of all pairs; 1 where both are one and the same
    constant, as there is nothing to disagree on.
    """
    observed = float(((a - b) ** 2).mean())
    expected = float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    return 1.0 if expected == 0 else 1 - observed / expected


def doublings(frames: NDArray[np.float64]) -> NDArray[np.int64]:
    """Class of a number of frames: 1, 2, 3 to 4, 5 to 8, ... are 0, 1, 2, 3, ..."""
    return np.ceil(np.log2(frames)).astype(np.int64)
