"""A benchmark's scorers by name, and what their numbers look like on disk."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from framewise._errors import UsageError
from framewise._plugins import load_plugin, plugin_names, suggest
from framewise.evaluation._benchmark import Benchmark
from framewise.evaluation.scorers import Outcome, Scorer


def choose_scorer(benchmark: str, scorer: str) -> Scorer:
    """The scorer of a benchmark by its name or id.

    Raises:
        UsageError: There is no such benchmark or scorer, or the benchmark has one way of scoring only.
    """
    plugin: type[Benchmark] = load_plugin("benchmarks", benchmark)
    if not plugin.scorers:
        others = [name for name in plugin_names("benchmarks") if load_plugin("benchmarks", name).scorers]
        raise UsageError(f"{benchmark} has no scorers by name; those of {', '.join(others)} can be chosen")
    named = {**plugin.scorers, **{rule.id: rule for rule in plugin.scorers.values()}}
    if scorer not in named:
        raise UsageError(f"{benchmark} has no scorer {scorer!r}: {suggest(scorer, sorted(named))}")
    return named[scorer]


def summarize(rule: Scorer, rows: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts and metrics; a metric without items is null."""
    values = rule.values(rows, outcomes)
    return {
        "n": len(rows),
        "num_left_out": sum(outcome.score is None for outcome in outcomes),
        "num_unparsed": sum(outcome.parsed is None for outcome in outcomes),
        "metrics": {name: value if math.isfinite(value) else None for name, value in values.items()},
    }
