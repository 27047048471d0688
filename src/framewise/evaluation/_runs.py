"""Finished evaluations, read back and checked to be about the same questions."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import Row, read_json, read_rows
from framewise._plugins import suggest
from framewise.evaluation._asking import FAILURES, Key
from framewise.evaluation._scoring import RESULTS, SCORES

STAGES = ("evaluate", "import")
_ASKED = ("prompt", "answer", "choices", "subtask", "cluster")
_SHOWN = ("frames", "height", "width")
_SCORER = ("scorer", "scorers")


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
    versions: dict[str, str]
    """Of the packages that it ran with."""
    decoder: str | None
    """Who decoded its videos, where the run names it: a GPU may round colours otherwise than a CPU."""

    def scorer(self, benchmark: str) -> str | None:
        """Id of the scorer of a benchmark's scores, where the run names it."""
        named = self.results["benchmarks"][benchmark].get("scorer")
        return named if isinstance(named, str) else None


def load_run(path: Path) -> EvaluatedRun:
    """Read the finished evaluation, or the imported one, in ``path``.

    Raises:
        UsageError: The directory holds no finished evaluation, or one that has an item twice.
    """
    manifest = require_finished(path)
    if manifest["stage"] not in STAGES:
        raise UsageError(
            f"{path} is a run of stage {manifest['stage']!r}; this needs one of {' or '.join(map(repr, STAGES))}"
        )
    rows = list(read_rows(path / SCORES))
    twice = [key for key, times in Counter(map(_key, rows)).items() if times > 1]
    if twice:
        raise UsageError(f"{path / SCORES}: {len(twice)} items stand there more than once{_examples(twice)}")
    return EvaluatedRun(
        name=path.resolve().name,
        results=read_json(path / RESULTS),
        scores={_key(row): row for row in rows},
        failed={_key(row) for row in read_rows(path / FAILURES)},
        versions=manifest.get("versions") or {},
        decoder=manifest.get("decoder"),
    )


def check_comparable(
    before: EvaluatedRun,
    after: EvaluatedRun,
    *,
    allow: Collection[str] = (),
    min_coverage: float = 1.0,
    rescored: bool = False,
) -> list[str]:
    """Check that two runs asked the same items in the same way.

    Args:
        before: One run.
        after: The other.
        allow: Names of settings that may differ; each difference becomes a mark.
        min_coverage: Share of all items that both runs must have asked, 0 to 1; what only one has is a mark.
        rescored: Whether the scorers that the runs were scored with do not matter.

    Returns:
        Marks: sentences about what differs all the same.

    Raises:
        UsageError: Benchmarks, settings, scorers, items or questions differ; the message says which.
    """
    settings = _different_settings(before, after, ignored=("items", *(_SCORER if rescored else ())))
    known = sorted({*before.results["settings"], *after.results["settings"]} - {"items"})
    wrong = [name for name in allow if name not in known]
    if wrong:
        raise UsageError(f"the runs have no setting {wrong[0]!r}: {suggest(wrong[0], known)}")
    missing = _different_items(before, after)
    covered = _coverage(before, after) >= min_coverage
    scorers = [] if rescored else _different_scorers(before, after)
    refused = [text for name, text in settings.items() if name not in allow]
    faults = (
        refused or scorers or ([] if covered else missing) or _different_texts(before, after, bool(missing))
    )
    if faults:
        raise UsageError(
            f"{before.name} and {after.name} cannot be compared: {'; '.join(faults)}. "
            "Evaluate both with the same settings on the same data root"
            + (
                f", or --allow {','.join(n for n in settings if n not in allow)} to mark it"
                if refused
                else ""
            )
            + (", or choose one --scorer for both" if scorers else "")
        )
    return [*settings.values(), *missing, *_shown_otherwise(before, after), *_other_software(before, after)]


def _key(row: Row) -> Key:
    return row["benchmark"], row["item_id"]


def _different_settings(
    before: EvaluatedRun, after: EvaluatedRun, ignored: Collection[str]
) -> dict[str, str]:
    one, two = before.results["settings"], after.results["settings"]
    return {
        name: f"{name} is {one.get(name)!r} in {before.name}, {two.get(name)!r} in {after.name}"
        for name in sorted({*one, *two} - {*ignored})
        if one.get(name) != two.get(name)
    }


def _different_scorers(before: EvaluatedRun, after: EvaluatedRun) -> list[str]:
    return [
        f"{name} was scored by {before.scorer(name)} in {before.name}, by {after.scorer(name)} in {after.name}"
        for name in before.results["benchmarks"]
        if name in after.results["benchmarks"] and before.scorer(name) != after.scorer(name)
    ]


def _asked(run: EvaluatedRun) -> set[Key]:
    return run.scores.keys() | run.failed


def _coverage(before: EvaluatedRun, after: EvaluatedRun) -> float:
    one, two = _asked(before), _asked(after)
    return len(one & two) / max(len(one | two), 1)


def _different_items(before: EvaluatedRun, after: EvaluatedRun) -> list[str]:
    one, two = _asked(before), _asked(after)
    sides = ((before.name, sorted(one - two)), (after.name, sorted(two - one)))
    return [f"{len(keys)} items are only in {name}{_examples(keys)}" for name, keys in sides if keys]


def _different_texts(before: EvaluatedRun, after: EvaluatedRun, partly: bool) -> list[str]:
    both = _both(before, after)
    changed = [
        k for k in both if any(before.scores[k].get(part) != after.scores[k].get(part) for part in _ASKED)
    ]
    faults = (
        [f"{len(changed)} items have another question, choices or answer{_examples(changed)}"]
        if changed
        else []
    )
    one, two = before.results["settings"]["items"], after.results["settings"]["items"]
    # Media are in the digest of the items only, and that of a part differs from that of the whole.
    return faults or [
        f"the items of {name} have other media" for name in one if not partly and one[name] != two.get(name)
    ]


def _shown_otherwise(before: EvaluatedRun, after: EvaluatedRun) -> list[str]:
    other = [
        key
        for key in _both(before, after)
        if any(before.scores[key].get(part) != after.scores[key].get(part) for part in _SHOWN)
    ]
    if not other:
        return []
    shown = f"{len(other)} items were shown with other frames or pixels in {after.name} than in {before.name}"
    return [f"{shown}{_examples(other)}"]


def _other_software(before: EvaluatedRun, after: EvaluatedRun) -> list[str]:
    one, two = before.versions, after.versions
    if before.decoder and after.decoder:
        one, two = one | {"decoder": before.decoder}, two | {"decoder": after.decoder}
    return [
        f"{name} is {one.get(name)} in {before.name}, {two.get(name)} in {after.name}"
        for name in sorted({*one, *two})
        if one.get(name) != two.get(name)
    ]


def _both(before: EvaluatedRun, after: EvaluatedRun) -> list[Key]:
    return sorted(before.scores.keys() & after.scores.keys())


def _examples(keys: Sequence[Key]) -> str:
    shown = ", ".join("/".join(key) for key in keys[:3])
    return f" ({shown}{', ...' if len(keys) > 3 else ''})"
