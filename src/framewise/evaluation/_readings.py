"""The replies of a run, read by one scorer and by the robust rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import Row
from framewise._plugins import load_plugin, plugin_names, suggest
from framewise.evaluation._metrics import Metric, by, mean
from framewise.evaluation._rules import choose_scorer
from framewise.evaluation._runs import EvaluatedRun
from framewise.evaluation.scorers import Outcome, Scorer, robust_choice

OWN = "own"
ROBUST = "robust"
# Labels that no reply has: such benchmarks show none, so a letter in a reply is no answer.
_FIRST_LABEL = 0xE000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One benchmark of one run."""

    rule: Scorer
    """What the scores are by."""
    rows: Mapping[str, Mapping[str, Any]]
    """What the rule reads, by item id."""
    read: Mapping[str, Outcome]
    """What the rule makes of each item by itself."""
    robust: Mapping[str, Outcome] | None
    """What the robust rules make of it; None where the run kept no texts or options."""


def read_run(run: EvaluatedRun, scorer: str | None) -> dict[str, Reading]:
    """Every benchmark of a run, read again from the kept texts.

    A benchmark without scorers has the scores of its run (``own``), or the robust ones.

    Args:
        run: The run.
        scorer: Name or id of a scorer; None: the one that the run was scored with, or ``robust``.

    Raises:
        UsageError: A benchmark has no such scorer, or the run did not keep what it reads.
    """
    return {name: _read(run, name, scorer) for name in run.results["benchmarks"]}


def _read(run: EvaluatedRun, benchmark: str, scorer: str | None) -> Reading:
    kept = {key[1]: row for key, row in run.scores.items() if key[0] == benchmark}
    known = benchmark in plugin_names("benchmarks")
    if not (known and load_plugin("benchmarks", benchmark).scorers):
        return _read_choices(benchmark, kept, scorer or OWN)
    rule = choose_scorer(benchmark, scorer or run.scorer(benchmark) or ROBUST)
    lacking = [item for item, row in kept.items() if "fields" not in row or "prediction" not in row]
    if lacking:
        raise UsageError(
            f"{run.name} kept no official fields of {benchmark} ({lacking[0]!r}, ...), which its scorers read: "
            "evaluate it again with this version"
        )
    rows = {
        item: {**row["fields"], "item_id": item, "prediction": row["prediction"]}
        for item, row in kept.items()
    }
    robust = choose_scorer(benchmark, ROBUST)
    understood = {item: robust.read(row) for item, row in rows.items()}
    read = understood if rule.id == robust.id else {item: rule.read(row) for item, row in rows.items()}
    return Reading(rule=rule, rows=rows, read=read, robust=understood)


def _read_choices(benchmark: str, kept: Mapping[str, Row], scorer: str) -> Reading:
    rules = {
        OWN: Scorer(name=OWN, version="1", read=_recorded, metrics=_by_subtask),
        ROBUST: Scorer(name=ROBUST, version="1", read=_robust, metrics=_by_subtask),
    }
    rules |= {rule.id: rule for rule in rules.values()}
    if scorer not in rules:
        raise UsageError(f"{benchmark} has no scorer {scorer!r}: {suggest(scorer, [OWN, ROBUST])}")
    whole = all(row.get("choices") and isinstance(row.get("prediction"), str) for row in kept.values())
    if scorer != OWN and not whole:
        raise UsageError(
            f"{benchmark} cannot be scored by {scorer!r}: its items have no choices; use {OWN!r}"
        )
    return Reading(
        rule=rules[scorer],
        rows=kept,
        read={item: rules[scorer].read(row) for item, row in kept.items()},
        robust={item: _robust(row) for item, row in kept.items()} if whole else None,
    )


def _recorded(row: Mapping[str, Any]) -> Outcome:
    return Outcome(row.get("parsed"), row["score"])


def _robust(row: Mapping[str, Any]) -> Outcome:
    labelled = {chr(_FIRST_LABEL + place): choice for place, choice in enumerate(row["choices"])}
    label = robust_choice(row["prediction"], labelled)
    parsed = None if label is None else labelled[label]
    return Outcome(parsed, float(parsed == row["answer"]))


def _by_subtask(rows: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    values = [float("nan") if outcome.score is None else outcome.score for outcome in outcomes]
    kept = [outcome.score is not None for outcome in outcomes]
    return {
        "score": mean(values, kept),
        "unparsed_rate": mean([outcome.parsed is None for outcome in outcomes]),
        **by("subtask", [row["subtask"] for row in rows], values, kept),
    }
