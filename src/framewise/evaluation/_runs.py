"""Finished evaluations, read back and checked to be about the same questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import Row, read_json, read_rows
from framewise.evaluation._asking import FAILURES, Key
from framewise.evaluation._scoring import RESULTS, SCORES

_ASKED = ("prompt", "answer", "subtask", "cluster")


@dataclass(frozen=True, kw_only=True)
class EvaluatedRun:
    """A finished evaluation."""

    name: str
    """Last part of the directory's path."""
    results: dict[str, Any]
    """``results.json``."""
    scores: dict[Key, Row]
    """Rows of ``scores.jsonl``."""
    failed: set[Key]
    """Items whose media could not be read."""

    def modality(self, key: Key) -> str:
        """``image`` or ``video``."""
        return str(self.results["benchmarks"][key[0]]["modality"])

    def subtask(self, key: Key) -> str:
        """Benchmark and subtask of a scored item, such as ``lab_image/count``."""
        return f"{key[0]}/{self.scores[key]['subtask']}"

    def cluster(self, key: Key) -> Key:
        """Benchmark and cluster of a scored item: clusters of two benchmarks are never the same."""
        return key[0], self.scores[key]["cluster"]


def load_run(path: Path) -> EvaluatedRun:
    """Read the finished evaluation in ``path``.

    Raises:
        UsageError: The directory holds no finished evaluation.
    """
    require_finished(path, "evaluate")
    return EvaluatedRun(
        name=path.resolve().name,
        results=read_json(path / RESULTS),
        scores={_key(row): row for row in read_rows(path / SCORES)},
        failed={_key(row) for row in read_rows(path / FAILURES)},
    )


def check_comparable(before: EvaluatedRun, after: EvaluatedRun) -> None:
    """Check that two runs asked the same items in the same way.

    Raises:
        UsageError: Benchmarks, settings, items or questions differ; the message says which.
    """
    faults = (
        _different_settings(before, after)
        or _different_items(before, after)
        or _different_texts(before, after)
    )
    if faults:
        raise UsageError(
            f"{before.name} and {after.name} cannot be compared: {'; '.join(faults)}. "
            "Evaluate both with the same settings on the same data root"
        )


def _key(row: Row) -> Key:
    return row["benchmark"], row["item_id"]


def _different_settings(before: EvaluatedRun, after: EvaluatedRun) -> list[str]:
    one, two = before.results["settings"], after.results["settings"]
    return [
        f"{name} is {one.get(name)!r} in {before.name}, {two.get(name)!r} in {after.name}"
        for name in sorted({*one, *two} - {"items"})
        if one.get(name) != two.get(name)
    ]


def _different_items(before: EvaluatedRun, after: EvaluatedRun) -> list[str]:
    one, two = (run.scores.keys() | run.failed for run in (before, after))
    sides = ((before.name, sorted(one - two)), (after.name, sorted(two - one)))
    return [f"{len(keys)} items are only in {name}{_examples(keys)}" for name, keys in sides if keys]


def _different_texts(before: EvaluatedRun, after: EvaluatedRun) -> list[str]:
    both = sorted(before.scores.keys() & after.scores.keys())
    changed = [k for k in both if any(before.scores[k][part] != after.scores[k][part] for part in _ASKED)]
    faults = [f"{len(changed)} items have another question or answer{_examples(changed)}"] if changed else []
    one, two = before.results["settings"]["items"], after.results["settings"]["items"]
    # Choices and media are in the digest of the items only.
    return faults or [
        f"the items of {name} have other choices or media" for name in one if one[name] != two[name]
    ]


def _examples(keys: Sequence[Key]) -> str:
    shown = ", ".join("/".join(key) for key in keys[:3])
    return f" ({shown}{', ...' if len(keys) > 3 else ''})"
