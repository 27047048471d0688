"""What VLMEvalKit itself made of a model's replies."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import read_json

_SUMMARIES = {
    "mme": "_score",
    "pope": "_score",
    "mmstar": "_acc",
    "mmbench": "_acc",
    "video_mme": "_rating",
    "mvbench": "_rating",
    "tempcompass": "_acc",
    "video_mmmu": "_score_score",
}
_ALL = "overall"


def summary_beside(benchmark: str, table: Path) -> Path | None:
    """The tool's summary of a table of replies; None where it has not scored them."""
    beside = [table.with_name(f"{table.stem}{_SUMMARIES[benchmark]}{suffix}") for suffix in (".csv", ".json")]
    return next((place for place in beside if place.is_file()), None)


def own_numbers(benchmark: str, summary: Path) -> dict[str, float]:
    """The numbers in a summary.

    Numbers of the whole set have the tool's names (``Overall``, ``acc``), others a slash (``short/overall``).

    Raises:
        UsageError: The summary cannot be read.
    """
    found = read_json(summary) if summary.suffix == ".json" else _from_csv(summary)
    if isinstance(found, list) and all(isinstance(row, dict) for row in found):
        found = _by_first_column(found)
    if benchmark == "video_mmmu":
        found = _accuracies(found, summary)
    return dict(_flatten(found, ()))


def _from_csv(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a table of comma-separated values: {error}") from error


def _by_first_column(rows: list[dict[str, Any]]) -> Any:
    """One row as it is; several by their first column, unless its cells are numbers too."""
    if len(rows) < 2:
        return rows[0] if rows else {}
    first = next(iter(rows[0]), "")
    if any(_number(row.get(first)) is not None for row in rows):
        return rows
    return {str(row.get(first)): {k: v for k, v in row.items() if k != first} for row in rows}


def _accuracies(rows: Any, file: Path) -> dict[str, Any]:
    """The table of Video-MMMU has rows without names: items, hits and percent right."""
    if not isinstance(rows, list) or len(rows) != 3:
        raise UsageError(f"{file}: expected rows of items, hits and accuracies")
    return {name: {"acc": value} for name, value in rows[2].items()}


def _flatten(value: Any, names: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        # Of counts and their quotient the quotient is the number.
        parts = {"acc": value["acc"]} if {"success", "overall", "acc"} <= value.keys() else value
        for key, part in parts.items():
            yield from _flatten(part, (*names, str(key)))
        return
    if isinstance(value, list) and value and str(value[-1]).endswith("%"):
        value = str(value[-1])[:-1]
    number = _number(value)
    if number is not None and names:
        # What stands under "overall" is of the whole set.
        kept = names[1:] if len(names) > 1 and names[0].lower() == _ALL else names
        yield "/".join(kept), number


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
