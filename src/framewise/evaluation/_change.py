"""One number before and after: the difference, how sure it is, and what it is made of."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framewise._resampling import number_clusters
from framewise.evaluation._causes import Cause, shapley_parts
from framewise.evaluation._draws import NUM_DRAWS, replicate, sign_flip
from framewise.evaluation._equivalence import Equivalence, smallest_detectable
from framewise.evaluation._interval import Spread
from framewise.evaluation._metrics import Metric, Vector, columns
from framewise.evaluation._statistics import exact_mcnemar

Metrics = Mapping[str, Metric]
States = Mapping[frozenset[Cause], Metrics]
"""Metrics where the changes of some causes have happened: of none is before, of all is after."""

KEYS = (
    "unit", "score", "before", "after", "delta", "ci95", "ci90", "p", "p_holm", "p_bh", "mcnemar_p", "num_gained",
    "num_lost", "n", "num_clusters", "margin", "equivalent", "no_harm", "smallest_detectable", "parts",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the statistics are told."""

    margin: float = 0.01
    """Of the equivalence test, as a share of the metric's span: 0.01 is one point of a percentage."""
    num_draws: int = NUM_DRAWS
    seed: int = 0


def measure(metric: Metric, clusters: Sequence[Hashable]) -> dict[str, Any]:
    """The entry of a number that there is no before to."""
    value, here = _finite(metric.value()), _rests_on(metric)
    sizes = {"n": int(here.sum()), "num_clusters": len(np.unique(number_clusters(clusters)[here]))}
    return {
        **dict.fromkeys(KEYS),
        "unit": metric.unit,
        **dict.fromkeys(("score", "before", "after"), value),
        **sizes,
    }


def changes(
    states: States,
    scores: tuple[Vector, Vector],
    clusters: Sequence[Hashable],
    setting: Setting,
    *,
    shifts: Mapping[str, tuple[float, Vector]] = MappingProxyType({}),
) -> dict[str, dict[str, Any]]:
    """The entry of every metric, with keys ``KEYS``; adjusted p-values are left to the caller.

    Args:
        states: The metrics over the same n items, in every state; names that only some have are left out.
        scores: Each item's score before and after, n each: where a metric is no plain mean, its gained and
            lost items are those whose score changed.
        clusters: The cluster of each item, length n.
        setting: Margin and draws.
        shifts: By metric, what of its skill is a drift in position: the value, and its replicates.
    """
    before, after = states[frozenset()], states[max(states, key=len)]
    names = [name for name in before if all(name in metrics for metrics in states.values())]
    drawn = replicate(
        {(state, name): metrics[name] for state, metrics in states.items() for name in names},
        clusters,
        num_draws=setting.num_draws,
        seed=setting.seed,
    )
    p = sign_flip(
        {name: before[name] for name in names},
        {name: after[name] for name in names},
        clusters,
        num_draws=setting.num_draws,
        seed=setting.seed,
    )
    index = number_clusters(clusters)
    found = {}
    for name in names:
        values = {state: metrics[name].value() for state, metrics in states.items()}
        one = _Entry(
            before[name],
            after[name],
            values,
            {state: drawn[state, name] for state in states},
            shifts.get(name),
        )
        found[name] = one.row(index, scores, p[name], setting)
    return found


@dataclass(frozen=True)
class _Entry:
    before: Metric
    after: Metric
    values: Mapping[frozenset[Cause], float]
    replicates: Mapping[frozenset[Cause], Vector]
    shift: tuple[float, Vector] | None

    def row(
        self,
        index: NDArray[np.int64],
        scores: tuple[Vector, Vector],
        p: float,
        setting: Setting,
    ) -> dict[str, Any]:
        first, last = frozenset[Cause](), max(self.values, key=len)
        delta = self.values[last] - self.values[first]
        here = _rests_on(self.before) | _rests_on(self.after)
        num_clusters = len(np.unique(index[here]))
        spread = Spread(
            value=delta,
            replicates=self.replicates[last] - self.replicates[first],
            num_left_out=int(index.max()) + 1,
            num_clusters=num_clusters,
            span=self.before.span,
        )
        ci95 = spread.interval(0.95)
        test = Equivalence(margin=setting.margin * spread.span, ci90=spread.interval(0.9))
        counted = exact_mcnemar(*self._counted(here, scores))
        row = {
            "unit": self.before.unit,
            "score": self.values[last],
            "before": self.values[first],
            "after": self.values[last],
            "delta": delta,
            "ci95": ci95,
            "ci90": test.ci90,
            "p": None if ci95 is None else p,
            "mcnemar_p": counted.p,
            "num_gained": counted.gained,
            "num_lost": counted.lost,
            "n": int(here.sum()),
            "num_clusters": num_clusters,
            "margin": test.margin,
            "equivalent": test.equivalent,
            "no_harm": test.no_harm,
            "smallest_detectable": smallest_detectable(
                spread.standard_error, span=spread.span, num_clusters=num_clusters
            ),
            "parts": self._parts(spread),
        }
        return {**dict.fromkeys(KEYS), **{key: _finite(value) for key, value in row.items()}}

    def _counted(self, here: NDArray[np.bool_], scores: tuple[Vector, Vector]) -> tuple[Vector, Vector]:
        """What each item is worth before and after: in a plain mean, what is summed; else its score."""
        (above, below), (above_after, below_after) = columns(self.before), columns(self.after)
        if above.shape[1] == 1 and np.array_equal(below, below_after):
            return above[here, 0], above_after[here, 0]
        one, two = (np.nan_to_num(values)[here] for values in scores)
        return one, two

    def _parts(self, whole: Spread) -> dict[str, dict[str, Any]] | None:
        causes = max(self.values, key=len)
        if "unexplained" in causes:
            return None
        exact = shapley_parts({state: np.array([value]) for state, value in self.values.items()})
        again = shapley_parts(self.replicates)
        if self.shift is not None:
            exact |= {"position": np.array([self.shift[0]]), "skill": exact["skill"] - self.shift[0]}
            again |= {"position": self.shift[1], "skill": again["skill"] - self.shift[1]}
        return {
            cause: _part(replace(whole, value=float(exact[cause][0]), replicates=again[cause]))
            for cause in sorted(exact)
        }


def _part(spread: Spread) -> dict[str, Any]:
    return {"delta": _finite(spread.value), "ci95": _finite(spread.interval(0.95))}


def _rests_on(metric: Metric) -> NDArray[np.bool_]:
    """The items that the metric counts."""
    _, below = columns(metric)
    found: NDArray[np.bool_] = (below != 0).any(axis=1)
    return found


def _finite(value: Any) -> Any:
    """``value`` as JSON has it: lists for pairs, null for what is no number."""
    if isinstance(value, tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
