"""Bootstrap draws of whole videos, with the doubt about the image gradient in them too."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NUM_DRAWS = 2000
_QUANTILES = (2.5, 97.5)


def resample(values: Array, groups: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """Means over samples when whole groups are drawn with replacement.

    Args:
        values: Shape [N, ...].
        groups: The group of each sample, from 0, shape [N].
        rng: Equal states and groups give equal draws of groups.

    Returns:
        Shape [draws, ...].
    """
    number = int(groups.max()) + 1
    weights = rng.multinomial(number, np.full(number, 1 / number), size=NUM_DRAWS).astype(np.float64)
    sums = np.zeros((number, *values.shape[1:]))
    np.add.at(sums, groups, values)
    sizes = np.bincount(groups, minlength=number).astype(np.float64)
    above = np.tensordot(weights, sums, axes=1)
    return np.asarray(above / (weights @ sizes).reshape(-1, *[1] * (values.ndim - 1)))


def image_doubt(seed: int) -> Array:
    """One standard normal number a draw, shape [draws]: how far the image gradient may be off.

    The unit is half the difference between its two halves. The number is the same in all estimates of a draw, for
    there is one image gradient.
    """
    return np.random.default_rng([seed, 2]).standard_normal(NUM_DRAWS)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    ci95: tuple[float, float] | None
    """None where there is only one video, or too many draws have no value."""
    se: float | None

    @classmethod
    def of(cls, value: float, draws: Array, *, level: float = 0.95) -> "Estimate":
        """The central interval of the draws; those that are no number are left out, up to one in twenty."""
        finite = draws[np.isfinite(draws)]
        if not np.isfinite(value) or len(finite) < 0.95 * len(draws) or len(finite) < 2:
            return cls(value=float(value), ci95=None, se=None)
        ends = _QUANTILES if level == 0.95 else (50 * (1 - level), 50 * (1 + level))
        low, high = np.percentile(finite, ends)
        return cls(value=float(value), ci95=(float(low), float(high)), se=float(finite.std(ddof=1)))

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves zero out, else 0."""
        if self.ci95 is None:
            return 0
        return 1 if self.ci95[0] > 0 else -1 if self.ci95[1] < 0 else 0

    def to_json(self) -> dict[str, object]:
        """Value, interval and standard error; no number becomes null."""
        value = self.value if np.isfinite(self.value) else None
        return {"value": value, "ci95": list(self.ci95) if self.ci95 else None, "se": self.se}
