"""Scores of kept predictions: a step of its own, that asks no model and can be run again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row, read_json, read_rows, write_json, write_rows
from framewise._plugins import load_plugin
from framewise.evaluation._asking import FAILURES, PREDICTIONS, Key
from framewise.evaluation._benchmark import Benchmark, Item, Modality
from framewise.evaluation._statistics import clustered_standard_error

SCORES = "scores.jsonl"
RESULTS = "results.json"


def score_predictions(directory: Path, *, data_root: Path) -> Path:
    """Score ``predictions.jsonl`` and replace ``scores.jsonl`` and the numbers in ``results.json``.

    The score of a benchmark is the mean over its items. It depends on nothing but the files: running it
    again, or with a newer parser, asks no model. Items in ``failures.jsonl`` have no score; they are counted.

    Args:
        directory: Run directory of an evaluation.
        data_root: Folder that the benchmarks read their items from.

    Returns:
        Path of ``results.json``.

    Raises:
        UsageError: A prediction's item is not in the data root.
        FramewiseError: A benchmark has no item that could be read.
    """
    results = read_json(directory / RESULTS)
    plugins: dict[str, Benchmark] = {
        name: load_plugin("benchmarks", name)() for name in results["settings"]["benchmarks"]
    }
    items = {
        (name, item.item_id): item for name, plugin in plugins.items() for item in plugin.items(data_root)
    }
    scores = score_rows(read_rows(directory / PREDICTIONS), items, plugins)
    failures = list(read_rows(directory / FAILURES))
    results["complete"] = not failures
    results["benchmarks"] = {
        name: _summarize(name, plugin.modality, _of(name, scores), _of(name, failures))
        for name, plugin in plugins.items()
    }
    write_rows(directory / SCORES, scores)
    write_json(directory / RESULTS, results)
    return directory / RESULTS


def score_rows(
    predictions: Iterable[Row], items: Mapping[Key, Item], benchmarks: Mapping[str, Benchmark]
) -> list[Row]:
    """Rows of ``scores.jsonl`` for rows of ``predictions.jsonl``.

    Args:
        predictions: What a model said.
        items: The questions by benchmark and item id.
        benchmarks: The benchmarks by name.

    Raises:
        UsageError: A prediction's item is not among ``items``.
    """
    rows = []
    for row in predictions:
        item = items.get((row["benchmark"], row["item_id"]))
        if item is None:
            raise UsageError(
                f"item {row['item_id']!r} of {row['benchmark']} was answered but is not in the data root: "
                "give the data root that the evaluation was run with"
            )
        score = benchmarks[row["benchmark"]].score(item, row["prediction"])
        rows.append(
            {
                **row,
                "answer": item.answer,
                "chance": item.chance,
                "parsed": score.parsed,
                "score": score.value,
            }
        )
    return rows


def _of(name: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["benchmark"] == name]


def _summarize(
    name: str, modality: Modality, scores: Sequence[Row], failures: Sequence[Row]
) -> dict[str, Any]:
    if not scores:
        reason = failures[0]["reason"] if failures else "there are no predictions"
        raise FramewiseError(f"no item of {name} could be scored; the first failure: {reason}")
    subtasks = sorted({row["subtask"] for row in scores})
    return {
        "modality": modality,
        **_numbers(scores),
        "num_failed": len(failures),
        "num_unparsed": sum(row["parsed"] is None for row in scores),
        "frames": _histogram(row["frames"] for row in scores),
        "pixels": _histogram((row["width"], row["height"]) for row in scores),
        "mean_visual_tokens": float(np.mean([row["visual_tokens"] for row in scores])),
        "subtasks": {
            subtask: _numbers([r for r in scores if r["subtask"] == subtask]) for subtask in subtasks
        },
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


def _histogram(values: Iterable[int | tuple[int, int]]) -> dict[str, int]:
    """Counts by text, such as ``8`` or ``64x48`` (width by height), the smallest first."""
    counts = sorted(Counter(values).items())
    return {str(value) if isinstance(value, int) else "x".join(map(str, value)): n for value, n in counts}
