"""One benchmark of two runs: the items that both could read, in one order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from framewise._jsonl import Row
from framewise.evaluation._benchmark import Modality
from framewise.evaluation._causes import Cause, cause_of, mixed, split_position, subsets
from framewise.evaluation._metrics import Metric, Vector
from framewise.evaluation._readings import Reading
from framewise.evaluation._runs import EvaluatedRun
from framewise.evaluation.scorers import Outcome, Scorer
from framewise.evaluation.scorers._mmbench import groups_of
from framewise.evaluation.scorers._outcome import lettered

_ROTATED = "mmbench"
_CUT = "length"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """The items of one benchmark that both runs have scores of."""

    benchmark: str
    modality: Modality
    rule: Scorer
    items: tuple[str, ...]
    """Ids, sorted, so that nothing depends on the order in which items were answered."""
    kept: tuple[Mapping[str, Row], Mapping[str, Row]]
    """Rows of ``scores.jsonl`` by item id, before and after."""
    readings: tuple[Reading, Reading]
    _outcomes: dict[frozenset[Cause], list[Outcome]] = field(default_factory=dict, init=False, repr=False)
    _scores: dict[frozenset[Cause], Vector] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def rows(self) -> list[Mapping[str, Any]]:
        """What the rule reads, before."""
        return [self.readings[0].rows[item] for item in self.items]

    @cached_property
    def clusters(self) -> list[tuple[str, str]]:
        """Benchmark and cluster of each item: clusters of two benchmarks are never the same."""
        return [(self.benchmark, self.kept[0][item]["cluster"]) for item in self.items]

    @cached_property
    def subtasks(self) -> list[str]:
        """The subtask of each item."""
        return [str(self.kept[0][item]["subtask"]) for item in self.items]

    @cached_property
    def causes(self) -> list[Cause] | None:
        """Why each item changed, if it did; None where there is no robust reading."""
        before, after = self.robust
        if before is None or after is None:
            return None
        causes = [cause_of(old, new) for old, new in zip(before, after, strict=True)]
        if self.benchmark != _ROTATED:
            return causes
        groups = list(groups_of(self.rows).values())
        known = [(self._knows(places, before), self._knows(places, after)) for places in groups]
        return split_position(causes, groups, known)

    @cached_property
    def robust(self) -> tuple[list[Outcome] | None, list[Outcome] | None]:
        """The robust readings before and after."""
        one, two = (
            None if reading.robust is None else [reading.robust[item] for item in self.items]
            for reading in self.readings
        )
        return one, two

    @property
    def known_causes(self) -> list[Cause]:
        """The causes that this benchmark's changes can have, the unexplained one alone without texts."""
        if self.causes is None:
            return ["unexplained"]
        return ["format", "skill", "position"] if self.benchmark == _ROTATED else ["format", "skill"]

    def outcomes(self, happened: frozenset[Cause]) -> list[Outcome]:
        """The outcomes if only changes of some causes had happened: none is before, all is after."""
        if happened not in self._outcomes:
            self._outcomes[happened] = self._settled(happened)
        return self._outcomes[happened]

    def _settled(self, happened: frozenset[Cause]) -> list[Outcome]:
        before, after = ([reading.read[item] for item in self.items] for reading in self.readings)
        causes: Sequence[Cause] = self.causes or ["unexplained"] * len(self.items)
        return self.rule.settle(self.rows, mixed(before, after, causes, happened))

    def scores(self, happened: frozenset[Cause]) -> Vector:
        """Each item's score, 0 to 1; not-a-number where the rule leaves it out."""
        if happened not in self._scores:
            self._scores[happened] = self._bounded(happened)
        return self._scores[happened]

    def _bounded(self, happened: frozenset[Cause]) -> Vector:
        values = [outcome.score for outcome in self.outcomes(happened)]
        return np.array([np.nan if value is None else min(max(value, 0.0), 1.0) for value in values])

    def scores_of(self, happened: frozenset[Cause], causes: Sequence[Cause]) -> Vector:
        """The scores where the benchmark stands among others, whose changes have ``causes``."""
        if "unexplained" in causes:
            return self.scores(frozenset(self.known_causes) if happened else happened)
        return self.scores(happened)

    def states(self) -> dict[frozenset[Cause], dict[str, Metric]]:
        """The benchmark's metrics for every set of causes; on changes of those alone."""
        return {
            happened: self.rule.metrics(self.rows, self.outcomes(happened))
            for happened in subsets(self.known_causes)
        }

    def counts(self, side: int) -> dict[str, int]:
        """How many items are right, wrong, unparsed, cut off at the longest reply, or left out by the rule."""
        outcomes = self.outcomes(frozenset(self.known_causes) if side else frozenset())
        found = Counter(
            _kind(outcome, self.kept[side][i]) for outcome, i in zip(outcomes, self.items, strict=True)
        )
        return {
            kind: found[kind] for kind in ("right", "partly", "wrong", "unparsed", "truncated", "unscored")
        }

    def _knows(self, places: Sequence[int], outcomes: Sequence[Outcome]) -> bool:
        """Whether the option that most rotations name is the gold one."""
        named = Counter(lettered(self.rows[p], "ABCDE").get(str(outcomes[p].parsed)) for p in places)
        del named[None]
        best = [option for option, times in named.items() if times == max(named.values())]
        gold = lettered(self.rows[places[0]], "ABCDE").get(str(self.rows[places[0]]["answer"]))
        return best == [gold]


def _kind(outcome: Outcome, row: Row) -> str:
    if outcome.parsed is None:
        return "truncated" if row.get("finish_reason") == _CUT else "unparsed"
    if outcome.score is None:
        return "unscored"
    return "right" if outcome.score >= 1.0 else "partly" if outcome.score > 0.0 else "wrong"


def pair_benchmarks(
    before: EvaluatedRun, after: EvaluatedRun, readings: tuple[Mapping[str, Reading], Mapping[str, Reading]]
) -> list[Pair]:
    """Every benchmark of two runs; those without a common item are left out."""
    pairs = []
    for name, part in before.results["benchmarks"].items():
        kept = tuple(
            {key[1]: row for key, row in run.scores.items() if key[0] == name} for run in (before, after)
        )
        items = tuple(sorted(kept[0].keys() & kept[1].keys()))
        if items:
            pairs.append(
                Pair(
                    benchmark=name,
                    modality=part["modality"],
                    rule=readings[0][name].rule,
                    items=items,
                    kept=(kept[0], kept[1]),
                    readings=(readings[0][name], readings[1][name]),
                )
            )
    return pairs
