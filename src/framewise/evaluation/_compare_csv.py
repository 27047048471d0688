"""A comparison as one flat table."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framewise._jsonl import PART

COLUMNS = (
    "arm", "against", "benchmark", "metric", "unit", "before", "after", "delta", "low95", "high95", "low90", "high90",
    "p", "p_holm", "p_bh", "mcnemar_p", "num_gained", "num_lost", "n", "num_clusters", "margin", "equivalent",
    "no_harm", "smallest_detectable", "format", "skill", "position",
)  # fmt: skip


def write_csv(path: Path, comparison: dict[str, Any]) -> None:
    """Write every number of ``comparison.json`` as a line, so that a reader sees the old file or the new one."""
    temporary = path.with_name(path.name + PART)
    with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([_cell(row.get(column)) for column in COLUMNS] for row in _rows(comparison))
    temporary.replace(path)


def _rows(comparison: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pairs = [(arm["name"], comparison["before"], arm) for arm in comparison["arms"][1:]]
    pairs += [(entry["after"], entry["before"], entry) for entry in comparison["between"]]
    for arm, against, entry in pairs:
        heading = {"arm": arm, "against": against}
        for modality in ("image", "video"):
            if entry[modality] is not None:
                yield {**heading, "benchmark": modality, "metric": "score", **_flat(entry[modality])}
        for name, row in entry.get("subtasks", {}).items():
            benchmark, _, subtask = name.partition("/")
            yield {**heading, "benchmark": benchmark, "metric": f"item score/{subtask}", **_flat(row)}
        for benchmark, part in entry["benchmarks"].items():
            for name, row in part["metrics"].items():
                yield {**heading, "benchmark": benchmark, "metric": name, **_flat(row)}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    low95, high95 = row["ci95"] or (None, None)
    low90, high90 = row["ci90"] or (None, None)
    parts = {cause: part["delta"] for cause, part in (row["parts"] or {}).items()}
    return {**row, "low95": low95, "high95": high95, "low90": low90, "high90": high90, **parts}


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: names come with data, and a leading sign begins a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
