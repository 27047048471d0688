"""The evaluations that a comparison was made of, as far as they can still be read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framewise._jsonl import read_json
from framewise.report._run import Run
from framewise.report._section import Page

_RESULTS = "results.json"


def evaluations_of(comparison: Run, page: Page) -> dict[str, dict[str, Any]]:
    """``results.json`` by arm: of the directories that the comparison names, else of the page's own runs."""
    folders = {run.name: run.path for run in page.of("evaluate")}
    folders |= {
        name: Path(entry["path"])
        for name, entry in comparison.manifest["inputs"].items()
        if (Path(entry["path"]) / _RESULTS).is_file()
    }
    return {name: read_json(folder / _RESULTS) for name, folder in folders.items()}


def chance_by_subtask(evaluations: Mapping[str, dict[str, Any]]) -> dict[str, float]:
    """Expected score of blind guessing by ``benchmark/subtask``, where known."""
    return {
        f"{benchmark}/{subtask}": numbers["chance"]
        for results in evaluations.values()
        for benchmark, result in results["benchmarks"].items()
        for subtask, numbers in result["subtasks"].items()
        if numbers.get("chance") is not None
    }


def samples_trained_on(evaluations: Mapping[str, dict[str, Any]]) -> dict[str, int]:
    """Number of training samples by arm, where known."""
    return {
        name: results["training"]["num_samples"]
        for name, results in evaluations.items()
        if results.get("training") and results["training"].get("num_samples") is not None
    }
