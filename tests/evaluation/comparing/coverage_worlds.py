"""Pairs of runs whose true difference is known, for metrics of every shape that the benchmarks have."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from framewise.evaluation._draws import replicate
from framewise.evaluation._interval import Spread
from framewise.evaluation._metrics import macro, mean, ratio, total


def answers(rng, *, num_clusters, size, before, after, together, alike):
    """Right or wrong of two runs, shape [clusters, size] each.

    Args:
        rng: Source of the draws.
        num_clusters: Clusters.
        size: Items of each.
        before: Chance of a right answer, one number or shape [clusters].
        after: The same of the other run.
        together: Spread of what a cluster's items share, against 1 of what is their own.
        alike: Correlation of the two runs.
    """

    def draw(shape, scale):
        first = rng.normal(size=shape) * scale
        return first, alike * first + (1 - alike**2) ** 0.5 * rng.normal(size=shape) * scale

    shared, own = draw((num_clusters, 1), together), draw((num_clusters, size), 1.0)
    limits = (stats.norm.ppf(chance) * (1 + together**2) ** 0.5 for chance in (before, after))
    return tuple(
        s + o < np.broadcast_to(limit, num_clusters)[:, None]
        for s, o, limit in zip(shared, own, limits, strict=True)
    )


def mme_points(right, parts):
    """Accuracy and pairs with both right, summed over categories."""
    metrics = []
    for part in np.unique(parts):
        here = np.repeat(parts == part, 2)
        first = here * np.tile([1.0, 0.0], len(parts))
        both = np.repeat(right.all(axis=1), 2) * first
        metrics += [mean(right.ravel(), here, unit="points"), ratio(both, first).scaled(100.0, "points")]
    return total(metrics)


def f1(right, parts):
    """Every second answer of an image is yes."""
    gold = np.tile([1.0, 0.0], right.size // 2)
    said = np.where(right.ravel(), gold, 1 - gold)
    return ratio(2 * said * gold, said + gold, unit="percent")


def circular(right, parts):
    """A question counts if all its rotations are right."""
    return mean(np.repeat(right.all(axis=1), right.shape[1]))


def by_part(right, parts):
    """Mean of the parts' accuracies."""
    return macro([mean(right.ravel(), np.repeat(parts == p, right.shape[1])) for p in np.unique(parts)])


@dataclass(frozen=True)
class World:
    """Two runs, again and again."""

    metric: object
    size: int
    sizes: tuple[int, ...]
    """Clusters of each part."""
    before: float
    after: float
    together: float = 1.0
    alike: float = 0.8

    @property
    def parts(self):
        """The part of each cluster."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def pair(self, rng, times=1):
        """Metrics of two runs; ``times`` as many clusters."""
        parts = np.repeat(self.parts, times)
        easier = 0.08 * (parts % 2)
        right = answers(
            rng, num_clusters=len(parts), size=self.size, before=self.before + easier,
            after=self.after + easier, together=self.together, alike=self.alike,
        )  # fmt: skip
        return tuple(self.metric(side, parts) for side in right)

    def truth(self):
        """The difference on 300,000 items."""
        rng = np.random.default_rng(99)
        before, after = self.pair(rng, times=1 + 300_000 // (self.size * sum(self.sizes)))
        return after.value() - before.value()


MME_SIZES = (30, 30, 30, 30, 147, 170, 200, 200, 200, 20, 70, 20, 20, 20)
"""Images of MME's fourteen categories."""
WORLDS = {
    "mme": World(mme_points, 2, MME_SIZES, 0.75, 0.8, alike=0.9),
    "mme, 60 images": World(mme_points, 2, (15,) * 4, 0.8, 0.75),
    "mme, 120 images": World(mme_points, 2, (120,), 0.7, 0.85),
    "pope f1": World(f1, 18, (500,), 0.85, 0.88, together=0.7),
    "pope f1, 60 images": World(f1, 18, (60,), 0.85, 0.8, together=0.7),
    "mmbench circular": World(circular, 4, (1164,), 0.8, 0.83, together=2.0, alike=0.9),
    "mmbench circular, 60 questions": World(circular, 4, (60,), 0.8, 0.75, together=2.0),
    "video_mme by length": World(by_part, 3, (300,) * 3, 0.6, 0.62, together=0.7),
    "video_mme by length, 60 videos": World(by_part, 3, (20,) * 3, 0.6, 0.55, together=0.7),
    "mean, 60 items, few change": World(by_part, 1, (60,), 0.8, 0.801, together=0.0, alike=0.97),
}  # fmt: skip


def coverage(world, *, trials, num_draws, seed=5):
    """How often the 95 % interval holds the true difference, and how often its percentile interval does."""
    rng, truth = np.random.default_rng(seed), world.truth()
    clusters = np.repeat(np.arange(sum(world.sizes)), world.size).tolist()
    covered = percentile = 0
    for _ in range(trials):
        before, after = world.pair(rng)
        again = replicate({"b": before, "a": after}, clusters, num_draws=num_draws)
        spread = Spread(
            value=after.value() - before.value(), replicates=again["a"] - again["b"],
            num_left_out=sum(world.sizes), num_clusters=sum(world.sizes), span=before.span,
        )  # fmt: skip
        low, high = spread.interval(0.95)
        covered += low <= truth <= high
        low, high = np.quantile(spread.replicates[sum(world.sizes) :], [0.025, 0.975])
        percentile += low <= truth <= high
    return covered / trials, percentile / trials
