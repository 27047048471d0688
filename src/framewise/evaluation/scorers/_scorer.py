"""A named set of rules: how a benchmark's replies are read and what numbers come of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from framewise.evaluation._metrics import Metric
from framewise.evaluation.scorers._outcome import Outcome, Row

LMMS_EVAL = "0.7.3"
LMMS_EVAL_OLD = "0.7.1"
VLMEVALKIT = "e8e78f05"
ROBUST = "1"


def _as_read(_: Sequence[Row], outcomes: list[Outcome]) -> list[Outcome]:
    return outcomes


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """The rules of one tool, at one version, for one benchmark. Pure functions all."""

    name: str
    """What ``--scorer`` calls it."""
    version: str
    """Version or commit of the tool whose rules these are."""
    read: Callable[[Row], Outcome]
    """What becomes of one row by itself."""
    metrics: Callable[[Sequence[Row], Sequence[Outcome]], dict[str, Metric]]
    """The benchmark's numbers in the tool's units. A name without a slash is a headline; the others are slices,
    such as ``category/OCR/score``."""
    settle: Callable[[Sequence[Row], list[Outcome]], list[Outcome]] = _as_read
    """What becomes of the rows together: for rules that score a group of rows as one."""

    @property
    def id(self) -> str:
        """Name and version, such as ``lmms_eval@0.7.3``: results with different ids are not compared."""
        return f"{self.name.removesuffix('_v071')}@{self.version}"

    def outcomes(self, rows: Sequence[Row]) -> list[Outcome]:
        """What becomes of each row, in the order of the rows.

        Raises:
            UsageError: A row lacks a field that the rule reads.
        """
        return self.settle(rows, [self.read(row) for row in rows])

    def values(self, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, float]:
        """Each metric with every item counted once."""
        return {name: metric.value() for name, metric in self.metrics(rows, outcomes).items()}


Scorers = dict[str, Scorer]
"""Scorers of a benchmark by name."""


def by_name(*scorers: Scorer) -> Scorers:
    """The scorers under their names."""
    return {scorer.name: scorer for scorer in scorers}


def scores(outcomes: Sequence[Outcome]) -> list[float]:
    """The score of each outcome; not-a-number where it is left out."""
    return [float("nan") if outcome.score is None else outcome.score for outcome in outcomes]


def scored(outcomes: Sequence[Outcome]) -> list[bool]:
    """Whether each outcome has a score."""
    return [outcome.score is not None for outcome in outcomes]
