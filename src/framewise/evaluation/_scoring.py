"""Scores of kept predictions: a step of its own, that asks no model and can be run again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row, read_json, read_rows, write_json, write_rows
from framewise._plugins import load_plugin
from framewise.evaluation._asking import FAILURES, PREDICTIONS
from framewise.evaluation._benchmark import Benchmark, Item
from framewise.evaluation._rules import choose_scorer, summarize
from framewise.evaluation._statistics import clustered_standard_error
from framewise.evaluation.scorers import Outcome

SCORES = "scores.jsonl"
RESULTS = "results.json"
DEFAULT_SCORERS = ("robust",)
OWN = "own@1"
"""Id of a benchmark's own rule, where there are no scorers to choose from."""


def score_predictions(directory: Path, *, data_root: Path, scorers: Sequence[str] = DEFAULT_SCORERS) -> Path:
    """Score ``predictions.jsonl`` and replace ``scores.jsonl`` and the numbers in ``results.json``.

    The score of a benchmark is the mean over the items that its first scorer does not leave out; the metrics
    of every scorer stand beside it, in the scorer's own units. They depend on nothing but the files: running
    it again, or by another rule, asks no model. Items in ``failures.jsonl`` have no score; they are counted.

    Args:
        directory: Run directory of an evaluation.
        data_root: Folder that benchmarks without scorers read their gold answers from.
        scorers: Names or ids; ``parsed`` and ``score`` of an item are the first one's.

    Returns:
        Path of ``results.json``.

    Raises:
        UsageError: A benchmark has no such scorer, or a prediction's item is not in the data root.
        FramewiseError: A benchmark has no item that could be read.
    """
    results = read_json(directory / RESULTS)
    predictions, failures = list(read_rows(directory / PREDICTIONS)), list(read_rows(directory / FAILURES))
    results["complete"] = not failures
    results["scorers"] = list(scorers)
    results["benchmarks"] = {}
    scores: list[Row] = []
    for name in results["settings"]["benchmarks"]:
        plugin: Benchmark = load_plugin("benchmarks", name)()
        asked, failed = _of(name, predictions), _of(name, failures)
        rows, facts = _score(name, plugin, asked, scorers, data_root)
        results["benchmarks"][name] = {"modality": plugin.modality, **_summarize(name, rows, failed), **facts}
        scores += rows
    write_rows(directory / SCORES, scores)
    write_json(directory / RESULTS, results)
    return directory / RESULTS


def _score(
    name: str, plugin: Benchmark, rows: Sequence[Row], scorers: Sequence[str], data_root: Path
) -> tuple[list[Row], dict[str, Any]]:
    """Rows of ``scores.jsonl``, and what ``results.json`` says of the scorers."""
    if not plugin.scorers:
        return _score_own(plugin, rows, data_root), {"scorer": OWN, "metrics": {}, "scorers": {}}
    rules = [choose_scorer(name, scorer) for scorer in scorers]
    read = [{**row["fields"], "item_id": row["item_id"], "prediction": row["prediction"]} for row in rows]
    outcomes = {rule.id: rule.outcomes(read) for rule in rules}
    summaries = {rule.id: summarize(rule, read, outcomes[rule.id]) for rule in rules}
    first = rules[0].id
    facts = {"scorer": first, "metrics": summaries[first]["metrics"], "scorers": summaries}
    by_scorer = {rule: [_reading(outcome) for outcome in found] for rule, found in outcomes.items()}
    return [
        {
            **row,
            **by_scorer[first][place],
            "by_scorer": {rule: found[place] for rule, found in by_scorer.items()},
        }
        for place, row in enumerate(rows)
    ], facts


def _reading(outcome: Outcome) -> dict[str, Any]:
    parsed = outcome.parsed if outcome.parsed is None else str(outcome.parsed)
    return {"parsed": parsed, "score": outcome.score}


def _score_own(plugin: Benchmark, rows: Sequence[Row], data_root: Path) -> list[Row]:
    items = {item.item_id: item for item in plugin.items(data_root)}
    return [_own_row(plugin, row, items) for row in rows]


def _own_row(plugin: Benchmark, row: Row, items: Mapping[str, Item]) -> Row:
    item = items.get(row["item_id"])
    if item is None:
        raise UsageError(
            f"item {row['item_id']!r} of {row['benchmark']} was answered but is not in the data root: "
            "give the data root that the evaluation was run with"
        )
    score = plugin.score(item, row["prediction"])
    return {**row, "answer": item.answer, "chance": item.chance, "parsed": score.parsed, "score": score.value}


def _of(name: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["benchmark"] == name]


def _summarize(name: str, scores: Sequence[Row], failures: Sequence[Row]) -> dict[str, Any]:
    kept = [row for row in scores if row["score"] is not None]
    if not kept:
        reason = f"the first failure: {failures[0]['reason']}" if failures else "the rule leaves all out"
        raise FramewiseError(f"no item of {name} could be scored; {reason}")
    subtasks = sorted({row["subtask"] for row in kept})
    return {
        **_numbers(kept),
        "num_failed": len(failures),
        "num_left_out": len(scores) - len(kept),
        "num_unparsed": sum(row["parsed"] is None for row in kept),
        "num_cut": sum(row["finish_reason"] == "length" for row in scores),
        "frames": _histogram(row["frames"] for row in scores),
        "pixels": _histogram((row["width"], row["height"]) for row in scores),
        "mean_visual_tokens": _mean(row["visual_tokens"] for row in scores),
        "subtasks": {subtask: _numbers([r for r in kept if r["subtask"] == subtask]) for subtask in subtasks},
    }


def _numbers(scores: Sequence[Row]) -> dict[str, Any]:
    values = [row["score"] for row in scores]
    return {
        "n": len(values),
        "score": float(np.mean(values)),
        "standard_error": clustered_standard_error(values, [row["cluster"] for row in scores]),
        "chance": float(np.mean([row["chance"] for row in scores])),
        "num_clusters": len({row["cluster"] for row in scores}),
    }


def _mean(values: Iterable[int | None]) -> float | None:
    """None where a value is not known."""
    known = list(values)
    return None if None in known else float(np.mean(np.array(known, dtype=np.float64)))


def _histogram(values: Iterable[int | tuple[int, int]]) -> dict[str, int]:
    """Counts by text, such as ``8`` or ``64x48`` (width by height), the smallest first."""
    counts = sorted(Counter(values).items())
    return {str(value) if isinstance(value, int) else "x".join(map(str, value)): n for value, n in counts}
