"""What a drift of the yes-ratio does to the accuracy of yes/no questions.

Of the items whose robust answer turned from no to yes, as many as turned back changed without moving the yes-ratio.
The surplus moves it, and what that surplus gained or lost is a drift towards one answer, not a change of skill. Which
items are the surplus cannot be said, so each item of that direction counts with the surplus's share.
"""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from framewise.evaluation._draws import replicate
from framewise.evaluation._metrics import Metric, Vector, ratio
from framewise.evaluation.scorers import Outcome


def yes_shifts(
    splits: Mapping[str, Vector],
    readings: tuple[Sequence[Outcome], Sequence[Outcome]],
    gains: Vector,
    clusters: Sequence[Hashable],
    *,
    num_draws: int,
    seed: int,
) -> dict[str, tuple[float, Vector]]:
    """What the drift adds to each accuracy: its value, and its replicates.

    Args:
        splits: How often each item counts for each accuracy, 0 to 3, by the metric's name; each of shape [n].
        readings: Robust readings before and after.
        gains: What each item's change of skill adds to its score, -1 to 1, shape [n].
        clusters: The cluster of each item.
        num_draws: As for the accuracies themselves.
        seed: Likewise: equal seeds give equal draws.
    """
    before, after = ([str(outcome.parsed).lower() for outcome in side] for side in readings)
    turned = {
        "yes": np.array(
            [(a, b) == ("no", "yes") for a, b in zip(before, after, strict=True)], dtype=np.float64
        ),
        "no": np.array(
            [(a, b) == ("yes", "no") for a, b in zip(before, after, strict=True)], dtype=np.float64
        ),
    }
    metrics: dict[tuple[str, str, str], Metric] = {}
    for name, times in splits.items():
        for answer, there in turned.items():
            metrics[name, answer, "share"] = ratio(there * times, times)
            metrics[name, answer, "gain"] = ratio(there * gains * times, times)
    drawn = replicate(metrics, clusters, num_draws=num_draws, seed=seed)
    exact = {key: np.array([metric.value()]) for key, metric in metrics.items()}
    return {name: (float(_surplus(exact, name)[0]), _surplus(drawn, name)) for name in splits}


def _surplus(values: Mapping[tuple[str, str, str], Vector], name: str) -> Vector:
    yes, no = values[name, "yes", "share"], values[name, "no", "share"]
    more = np.where(yes > no, values[name, "yes", "gain"], values[name, "no", "gain"])
    most = np.maximum(yes, no)
    share = np.divide(np.abs(yes - no), most, out=np.zeros_like(most), where=most > 0)
    found: Vector = share * more
    return found
