"""Intervals of differences that cover at their nominal rate, also where clusters are few or few of them changed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from framewise.evaluation._metrics import Vector


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """What a difference would be on other clusters: all that its intervals need."""

    value: float
    """The observed difference."""
    replicates: Vector
    """The difference without each of the clusters, then in each draw, shape [all clusters + draws]."""
    num_left_out: int
    """How many of the replicates leave out a cluster."""
    num_clusters: int
    """Clusters that the metric rests on: leaving out another changes nothing."""
    span: float
    """Largest possible value of the metric."""

    @cached_property
    def _moves(self) -> Vector:
        """What leaving out each cluster does; where nothing would be left, nothing is known."""
        moves = self.replicates[: self.num_left_out] - self.value
        found: Vector = moves[np.isfinite(moves)]
        return found

    @cached_property
    def _draws(self) -> Vector:
        draws = self.replicates[self.num_left_out :]
        found: Vector = draws[np.isfinite(draws)]
        return found

    @property
    def standard_error(self) -> float:
        """The jackknife's, over clusters; 0 where there are fewer than two."""
        share = (self.num_clusters - 1) / self.num_clusters if self.num_clusters else 0.0
        return float(np.sqrt(share * np.square(self._moves).sum()))

    @property
    def _has_spread(self) -> bool:
        return bool(np.abs(self._moves).max(initial=0.0) > 1e-12 * max(self.span, 1e-300))

    def interval(self, level: float) -> tuple[float, float] | None:
        """Expanded percentile interval of the draws (Hesterberg 2015, arXiv 1411.5279), corrected for continuity.

        The percentile interval forgets that a spread was estimated: with 60 clusters a 95 % interval covers 93 %.
        So the quantiles are taken further out, at the level that a normal has at ``t(n - 1) * sqrt(n / (n - 1))``
        for n clusters. And scores come in steps: where few clusters changed, and all for the worse, every draw is
        0 or worse, though a small gain could as well be true. So half of the step of one cluster is added on
        both sides: ``sqrt(sum(d^4) / sum(d^2)) / 2``, where d is what leaving out each cluster does.

        Where no cluster differs from another, draws say nothing. The share of clusters that differ could still be
        up to ``1 - tail^(1 / n)`` before meeting none among n becomes rarer than ``tail = (1 - level) / 2``; that
        share of the span is added on both sides, which gives Clopper and Pearson's limits for 0 of n.

        Args:
            level: Such as 0.95.

        Returns:
            Low and high, within the span; None where there are fewer than two clusters or no draw has a value.
        """
        if self.num_clusters < 2 or len(self._draws) == 0 or not np.isfinite(self.value):
            return None
        tail, n = (1 - level) / 2, self.num_clusters
        if not self._has_spread:
            reach = self.span * (1 - tail ** (1 / n))
            return max(self.value - reach, -self.span), min(self.value + reach, self.span)
        squares = np.square(self._moves)
        half_step = float(np.sqrt(np.square(squares).sum() / squares.sum())) / 2
        far = stats.t.isf(tail, n - 1) * np.sqrt(n / (n - 1))
        low, high = np.quantile(self._draws, [stats.norm.cdf(-far), stats.norm.cdf(far)])
        return max(float(low) - half_step, -self.span), min(float(high) + half_step, self.span)
