"""A regressor of log2 m_min with a guarantee from labels that it has not seen."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framewise._errors import UsageError

Matrix = NDArray[np.float64]

_MOST_COMPONENTS = 16


def conformal_margin(errors: Matrix, delta: float) -> float:
    """What to add to predictions so that a new sample's need lies below with probability 1 - delta or more.

    Split conformal prediction, one-sided: the ceil((n + 1)(1 - delta))-th smallest of n errors. It holds for
    samples that are exchangeable with those of the errors, whatever the regressor.

    Args:
        errors: Need less prediction on n samples that the regressor was not fitted on.
        delta: Between 0 and 1.

    Raises:
        UsageError: There are too few samples for so small a delta.
    """
    rank = math.ceil((len(errors) + 1) * (1 - delta) - 1e-9)
    if rank > len(errors):
        needed = math.ceil(1 / delta - 1e-9) - 1
        raise UsageError(
            f"delta={delta:g} needs {needed} labelled videos that are set apart, and there are {len(errors)}: "
            "label more, or raise delta"
        )
    return float(np.sort(errors)[rank - 1])


@dataclass(frozen=True)
class Regressor:
    """Gradient-boosted trees over plain columns and the main components of embeddings."""

    trees: Any
    components: Any
    """scikit-learn's PCA; None: there are no embeddings."""

    def predict(self, plain: Matrix, embedded: Matrix) -> Matrix:
        """Predictions [N] from columns [N, P] and embeddings [N, D]."""
        found: Matrix = self.trees.predict(_join(plain, embedded, self.components))
        return found


def fit_regressor(plain: Matrix, embedded: Matrix, target: Matrix, *, seed: int) -> Regressor:
    """Fit trees to a target [N].

    Args:
        plain: Columns, shape [N, P].
        embedded: Embeddings, shape [N, D]; D may be 0.
        target: Shape [N].
        seed: Seed of the trees.

    Raises:
        UsageError: scikit-learn is not installed.
    """
    try:
        from sklearn.decomposition import PCA
        from sklearn.ensemble import GradientBoostingRegressor
    except ImportError as error:
        raise UsageError("learned needs scikit-learn: pip install 'framewise[learned]'") from error
    components = None
    if embedded.shape[1]:
        size = min(_MOST_COMPONENTS, *embedded.shape)
        components = PCA(size, svd_solver="full").fit(embedded)
    trees = GradientBoostingRegressor(
        n_estimators=100, max_depth=3, learning_rate=0.1, min_samples_leaf=5, random_state=seed
    )
    return Regressor(trees.fit(_join(plain, embedded, components), target), components)


def _join(plain: Matrix, embedded: Matrix, components: Any) -> Matrix:
    return plain if components is None else np.hstack([plain, components.transform(embedded)])
