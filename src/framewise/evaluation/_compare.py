"""The stage ``compare``: the same items before and after, pair by pair."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import write_json
from framewise._progress import track
from framewise.evaluation._asking import Key
from framewise.evaluation._runs import EvaluatedRun, check_comparable, load_run
from framewise.evaluation._statistics import exact_mcnemar, paired_difference

COMPARISON = "comparison.json"
_NUM_RESAMPLES = 10_000
_SEED = 0
_FROM_TRAINING = ("mean_frames", "visual_tokens", "train_seconds")


def compare(before: Path, afters: Sequence[Path], *, output: Path, fresh: bool = False) -> Path:
    """Compare evaluations of several models with the evaluation of the model that they come from.

    Writes ``comparison.json``. The image score of an arm is the mean over all items of its image benchmarks,
    and likewise for video. A difference is taken over the items that both runs could read; the others are
    counted as ``num_left_out``. Its 95 % interval resamples clusters. The first arm is ``before`` itself,
    without differences.

    Args:
        before: Run directory of the evaluation that all others are compared with.
        afters: Run directories of the other evaluations; an arm is called by the last part of its path.
        output: The run directory.
        fresh: Start over.

    Returns:
        ``output``.

    Raises:
        UsageError: A directory is no finished evaluation, two have one name, or two differ in benchmarks,
            settings, items or questions; the message says in what.
    """
    base, *others = (load_run(path) for path in (before, *afters))
    names = [run.name for run in (base, *others)]
    _check_names(names)
    for run in others:
        check_comparable(base, run)
    with RunDirectory(
        output,
        stage="compare",
        config={"arms": names, "num_resamples": _NUM_RESAMPLES},
        inputs=dict(zip(names, (before, *afters), strict=True)),
        seed=_SEED,
        fresh=fresh,
    ) as directory:
        if not directory.finished:
            arms = [_arm(None, base)]
            arms += [_arm(base, run) for run in track(others, "compare (arms)", total=len(others))]
            write_json(output / COMPARISON, {"before": base.name, "arms": arms})
            directory.complete()
    return output


def _check_names(names: Sequence[str]) -> None:
    if len(names) < 2:
        raise UsageError("there is nothing to compare: give a directory before and at least one after")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"two directories are called {twice[0]!r}, and an arm has its directory's name: rename one"
        )


def _arm(base: EvaluatedRun | None, run: EvaluatedRun) -> dict[str, Any]:
    """One entry of ``arms``; the base itself has no base."""
    # Sorted, so that the seeded resampling does not depend on the order in which items were answered.
    pairs = sorted(run.scores.keys() & (base or run).scores.keys())
    left_out = run.failed | (base or run).failed
    modalities = {
        modality: {
            **_numbers(base, run, keys),
            "num_left_out": sum(run.modality(key) == modality for key in left_out),
        }
        if (keys := [key for key in pairs if run.modality(key) == modality])
        else None
        for modality in ("image", "video")
    }
    subtasks = {
        name: _numbers(base, run, [key for key in pairs if run.subtask(key) == name])
        for name in sorted({run.subtask(key) for key in pairs})
    }
    training = run.results["training"] or {}
    return {
        "name": run.name,
        **modalities,
        "subtasks": subtasks,
        **{name: training.get(name) for name in _FROM_TRAINING},
    }


def _numbers(base: EvaluatedRun | None, run: EvaluatedRun, keys: Sequence[Key]) -> dict[str, Any]:
    after = [run.scores[key]["score"] for key in keys]
    clusters = [run.cluster(key) for key in keys]
    if base is None:
        mean = float(np.mean(after))
        absent = dict.fromkeys(("delta", "ci95", "mcnemar_p", "num_gained", "num_lost"))
        sizes = {"n": len(keys), "num_clusters": len(set(clusters))}
        return {"score": mean, "before": mean, "after": mean, **absent, **sizes}
    before = [base.scores[key]["score"] for key in keys]
    difference = paired_difference(before, after, clusters, num_resamples=_NUM_RESAMPLES, seed=_SEED)
    changes = exact_mcnemar(before, after)
    return {
        "score": difference.after,
        "before": difference.before,
        "after": difference.after,
        "delta": difference.delta,
        "ci95": None if difference.ci95 is None else list(difference.ci95),
        "mcnemar_p": changes.p,
        "num_gained": changes.gained,
        "num_lost": changes.lost,
        "n": difference.n,
        "num_clusters": difference.num_clusters,
    }
