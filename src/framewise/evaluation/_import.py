"""The stage ``import``: replies that another tool kept, scored again by one scorer."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise._plugins import load_plugin
from framewise.evaluation._importer import Harvest, Importer, place_of
from framewise.evaluation._rules import choose_scorer, summarize
from framewise.evaluation._score_file import score_row
from framewise.evaluation._scoring import RESULTS, SCORES
from framewise.evaluation.scorers import Outcome, Scorer


def import_results(
    tool: str, path: Path, *, output: Path, scorer: str = "robust", fresh: bool = False
) -> Path:
    """Read another tool's result folder and score the replies again.

    Writes ``scores.jsonl`` and ``results.json`` as an evaluation does, so that ``compare`` takes the directory.
    In ``results.json`` each benchmark has ``metrics`` (by ``scorer``), ``as_tool`` (by our version of the
    tool's own rules) and ``own`` (what the tool itself wrote).

    Args:
        tool: ``lmms-eval`` or ``vlmevalkit``, or another importer's name.
        path: The result folder, or the file in it that names the run.
        output: The run directory.
        scorer: Name or id of a scorer.
        fresh: Start over.

    Returns:
        ``output``.

    Raises:
        UsageError: There is no such tool or scorer, or the folder holds no result that can be read.
    """
    importer: Importer = load_plugin("importers", tool.replace("-", "_"))()
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    harvest = importer.read(path)
    rules = {name: choose_scorer(name, scorer) for name in harvest.rows}
    config = {"tool": importer.tool, "scorers": {name: rule.id for name, rule in rules.items()}}
    inputs = {file.name: file for file in harvest.files} or {"results": path}
    with RunDirectory(output, stage="import", config=config, inputs=inputs, fresh=fresh) as run:
        if not run.finished:
            rows, benchmarks = [], {}
            for name, kept in harvest.rows.items():
                own = _own_rules(name, importer, harvest)
                _check_once(name, kept)
                outcomes = rules[name].outcomes(kept)
                scored = _scored(name, kept, outcomes)
                rows += scored
                benchmarks[name] = {
                    **_describe(name, scored, rules[name]),
                    **summarize(rules[name], kept, outcomes),
                    "as_tool": {
                        "scorer": own.id,
                        "metrics": summarize(own, kept, own.outcomes(kept))["metrics"],
                    },
                    "own": dict(harvest.own.get(name, {})),
                }
            run.write_rows(SCORES, rows)
            write_json(output / RESULTS, _results(harvest, benchmarks))
            run.complete()
    return output


def _own_rules(benchmark: str, importer: Importer, harvest: Harvest) -> Scorer:
    there = load_plugin("benchmarks", benchmark).scorers
    return choose_scorer(benchmark, harvest.rules if harvest.rules in there else importer.tool)


def _check_once(benchmark: str, kept: Sequence[Row]) -> None:
    twice = [name for name, times in Counter(row["item_id"] for row in kept).items() if times > 1]
    if twice:
        raise UsageError(
            f"{benchmark}: {len(twice)} items stand there more than once, {twice[0]!r} among them"
        )


def _scored(benchmark: str, kept: Sequence[Row], outcomes: Sequence[Outcome]) -> list[Row]:
    rows = []
    for row, outcome in zip(kept, outcomes, strict=True):
        subtask, cluster = place_of(benchmark, row)
        fields = {
            name: value for name, value in row.items() if name not in ("item_id", "prediction", "prompt")
        }
        rows.append(
            {
                "benchmark": benchmark,
                "subtask": str(subtask),
                "cluster": str(cluster),
                "prompt": row["prompt"],
                "prediction": row["prediction"],
                "answer": row.get("answer"),
                "fields": fields,
                **score_row(row, outcome),
            }
        )
    return rows


def _describe(name: str, scored: Sequence[Row], rule: Scorer) -> dict[str, Any]:
    values = [max(row["score"], 0.0) for row in scored if row["score"] is not None]
    return {
        "modality": load_plugin("benchmarks", name).modality,
        "scorer": rule.id,
        "score": float(np.mean(values)) if values else None,
        "num_clusters": len({row["cluster"] for row in scored}),
        "num_failed": 0,
    }


def _results(harvest: Harvest, benchmarks: Mapping[str, Any]) -> dict[str, Any]:
    items = {name: _digest(rows) for name, rows in harvest.rows.items()}
    settings = {**harvest.settings, "benchmarks": sorted(benchmarks), "items": items}
    return {
        "model": harvest.model,
        "settings": settings,
        "training": None,
        "complete": True,
        "notes": list(harvest.notes),
        "benchmarks": dict(benchmarks),
    }


def _digest(rows: Sequence[Row]) -> str:
    asked = sorted(json.dumps([row["item_id"], row["prompt"], row.get("answer")]) for row in rows)
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()
