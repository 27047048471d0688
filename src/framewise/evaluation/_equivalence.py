"""What a missing difference is worth: the test for "no harm", and what could have been found."""

from dataclasses import dataclass

from scipy import stats

LEVEL = 0.05
POWER = 0.8
_FEWEST_CHANGES = 6
"""Clusters that must all change one way before a sign-flip p of 2 / 2**k falls below 0.05."""


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Two one-sided tests at 5 %: is the difference smaller than the margin?"""

    margin: float
    """In the metric's unit."""
    ci90: tuple[float, float] | None
    """90 % interval of the difference; None where there is none."""

    @property
    def equivalent(self) -> bool | None:
        """Whether the interval lies within the margin on both sides; None without an interval."""
        return None if self.ci90 is None else -self.margin < self.ci90[0] and self.ci90[1] < self.margin

    @property
    def no_harm(self) -> bool | None:
        """Whether a loss as large as the margin is ruled out, however large the gain; None without an interval."""
        return None if self.ci90 is None else -self.margin < self.ci90[0]


def smallest_detectable(standard_error: float, *, span: float, num_clusters: int) -> float:
    """The smallest true difference that the test at 5 % finds in four of five repetitions.

    ``(z(0.975) + z(0.8)) * standard_error``, but never less than six clusters' worth of the metric's span: with
    fewer changed clusters no sign-flip test can reach 0.05. So there is a number also where nothing changed.

    Args:
        standard_error: Of the difference, in the metric's unit.
        span: Largest possible value of the metric.
        num_clusters: How many clusters it rests on.
    """
    normal = stats.norm.ppf(1 - LEVEL / 2) + stats.norm.ppf(POWER)
    return float(min(span, max(normal * standard_error, _FEWEST_CHANGES / max(num_clusters, 1) * span)))
