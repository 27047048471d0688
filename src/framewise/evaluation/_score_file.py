"""The stage ``score``: replies in a file, read and scored by the rules of one tool. It asks no model."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise.evaluation._rules import choose_scorer, summarize
from framewise.evaluation._scoring import RESULTS, SCORES
from framewise.evaluation.scorers import Outcome

_SHOWN = 5
"""Bad lines that a message quotes."""


def score_file(benchmark: str, file: Path, *, scorer: str, output: Path, fresh: bool = False) -> Path:
    """Score the replies in ``file`` with one tool's rules.

    Each line of ``file`` is one item: its official fields, as any of the tools has them, with ``item_id`` and
    ``prediction``. Writes ``scores.jsonl`` (``item_id``, ``parsed``, ``score``; null where the rule leaves the
    item out) and ``results.json`` (the metrics in the tool's own units, with the scorer's id).

    Args:
        benchmark: Name of a benchmark that has scorers.
        file: The replies.
        scorer: Name or id of a scorer, such as ``lmms_eval`` or ``lmms_eval@0.7.3``.
        output: The run directory.
        fresh: Start over.

    Returns:
        ``output``.

    Raises:
        UsageError: A name is unknown, or a line lacks what the rule needs; the message says which.
    """
    rule = choose_scorer(benchmark, scorer)
    config = {"benchmark": benchmark, "scorer": rule.id}
    inputs = {"predictions": file}
    with RunDirectory(output, stage="score", config=config, inputs=inputs, fresh=fresh) as run:
        if not run.finished:
            rows = read_predictions(file)
            outcomes = rule.outcomes(rows)
            run.write_rows(
                SCORES, (score_row(row, outcome) for row, outcome in zip(rows, outcomes, strict=True))
            )
            write_json(output / RESULTS, {**config, **summarize(rule, rows, outcomes)})
            run.complete()
    return output


def read_predictions(file: Path) -> list[Row]:
    """The rows of a file of replies.

    Raises:
        UsageError: There are no rows, or bad ones: no JSON object, no text as ``item_id`` or ``prediction``, or
            an id that stands there already. The message counts them and names the first.
    """
    if not file.is_file():
        raise UsageError(f"{file} does not exist: give a file with one item a line")
    rows: list[Row] = []
    faults: list[str] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        row, fault = _read_line(line)
        if not fault and row["item_id"] in lines:
            fault = f"item_id {row['item_id']!r} stands on line {lines[row['item_id']]} too"
        if fault:
            faults.append(f"line {number}: {fault}")
        else:
            lines[row["item_id"]] = number
            rows.append(row)
    if faults:
        more = ", ..." if len(faults) > _SHOWN else ""
        raise UsageError(f"{file} has {len(faults)} bad lines: {'; '.join(faults[:_SHOWN])}{more}")
    if not rows:
        raise UsageError(f"{file} has no items")
    return rows


def _read_line(line: bytes) -> tuple[Row, str]:
    """A row, or what is wrong with it."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return {}, f"not JSON: {error}"
    if not isinstance(row, dict):
        return {}, f"a row is a JSON object, found {type(row).__name__}"
    lacking = [name for name in ("item_id", "prediction") if not isinstance(row.get(name), str)]
    return row, f"no text as {' and '.join(lacking)}" if lacking else ""


def score_row(row: Mapping[str, Any], outcome: Outcome) -> Row:
    """One line of ``scores.jsonl``."""
    parsed = outcome.parsed
    if isinstance(parsed, list):
        # JSON has no infinite numbers.
        parsed = [
            str(part) if isinstance(part, float) and not math.isfinite(part) else part for part in parsed
        ]
    return {"item_id": row["item_id"], "parsed": parsed, "score": outcome.score}
