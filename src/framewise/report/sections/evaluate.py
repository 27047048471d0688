"""Scores of single models, benchmark by benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from framewise.report._palette import Look
from framewise.report._section import Page, Section

POSITION = 40


@dataclass(frozen=True)
class _Column:
    look: Look
    results: dict[str, Any]


def build(page: Page) -> list[Section]:
    """One section, with one table a benchmark and one column a model."""
    columns = [_Column(page.palette[run.name], run.json("results.json")) for run in page.of("evaluate")]
    names = dict.fromkeys(name for column in columns for name in column.results["benchmarks"])
    return [
        Section(
            anchor="evaluations",
            title="Scores",
            template="evaluate.html.jinja",
            context={"tables": [_table(name, columns) for name in names]},
        )
    ]


def _table(benchmark: str, columns: Sequence[_Column]) -> dict[str, Any]:
    found = [
        (column, result)
        for column in columns
        if (result := column.results["benchmarks"].get(benchmark)) is not None
    ]
    subtasks = dict.fromkeys(name for _, result in found for name in result["subtasks"])
    lines = [("All items", [result for _, result in found], True)]
    lines += [(name, [result["subtasks"].get(name) for _, result in found], False) for name in subtasks]
    return {
        "benchmark": benchmark,
        "modality": found[0][1]["modality"],
        "looks": [column.look for column, _ in found],
        "lines": [(name, _chance(cells), cells, whole) for name, cells, whole in lines],
        "facts": [(column.look, result, _pooling(column.results)) for column, result in found],
    }


def _pooling(results: dict[str, Any]) -> str | None:
    """How a family that pools frames did it; None where none is stated."""
    side = results.get("reading", {}).get("frame_pooling")
    return f"{side}x{side}" if side else None


def _chance(cells: Sequence[dict[str, Any] | None]) -> float | None:
    return next(
        (cell["chance"] for cell in cells if cell is not None and cell.get("chance") is not None), None
    )
