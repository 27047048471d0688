"""One arm of a comparison: every number of one run against another."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from framewise.evaluation._adjust import benjamini_hochberg, holm
from framewise.evaluation._causes import Cause, subsets
from framewise.evaluation._change import Setting, States, changes, measure
from framewise.evaluation._metrics import mean
from framewise.evaluation._pairs import Pair, pair_benchmarks
from framewise.evaluation._readings import Reading
from framewise.evaluation._runs import EvaluatedRun
from framewise.evaluation._yes_shift import yes_shifts

Readings = Mapping[str, Reading]
Entry = dict[str, Any]

MODALITIES = ("image", "video")
_FROM_TRAINING = ("mean_frames", "visual_tokens", "train_seconds")
_PRIMARY = ("total", "perception", "cognition", "overall", "circular", "accuracy", "score")
_YES_NO = "pope"
_NONE: frozenset[Cause] = frozenset()


def describe_arm(
    base: EvaluatedRun | None,
    run: EvaluatedRun,
    readings: tuple[Readings, Readings],
    setting: Setting,
) -> tuple[Entry, list[Pair]]:
    """The entry of ``arms``, and the pairs that it is about.

    Args:
        base: The run before; None: ``run`` is itself the base and has no differences.
        run: The run after.
        readings: Of both, by benchmark.
        setting: What the statistics are told.
    """
    pairs = pair_benchmarks(base or run, run, readings)
    left_out = run.failed | (base or run).failed
    modality_of = {name: part["modality"] for name, part in run.results["benchmarks"].items()}
    parts: Entry = {}
    for modality in MODALITIES:
        found = _mean_change([pair for pair in pairs if pair.modality == modality], None, base, setting)
        absent = sum(modality_of[key[0]] == modality for key in left_out)
        parts[modality] = None if found is None else {**found, "num_left_out": absent}
    names = sorted({f"{pair.benchmark}/{subtask}" for pair in pairs for subtask in pair.subtasks})
    subtasks = {
        name: _mean_change([p for p in pairs if name.startswith(f"{p.benchmark}/")], name, base, setting)
        for name in names
    }
    training = run.results.get("training") or {}
    entry = {
        "name": run.name,
        **parts,
        "subtasks": {name: row for name, row in subtasks.items() if row is not None},
        "benchmarks": {pair.benchmark: _benchmark(pair, base, setting) for pair in pairs},
        **{name: training.get(name) for name in _FROM_TRAINING},
    }
    return entry, pairs


def describe_between(
    one: EvaluatedRun, two: EvaluatedRun, readings: tuple[Readings, Readings], setting: Setting
) -> Entry:
    """The entry of ``between``: the second arm less the first, image, video and each benchmark's main number."""
    pairs = pair_benchmarks(one, two, readings)
    parts = {m: _mean_change([p for p in pairs if p.modality == m], None, one, setting) for m in MODALITIES}
    benchmarks = {}
    for pair in pairs:
        found = _benchmark(pair, one, setting, only_primary=True)
        benchmarks[pair.benchmark] = {"primary": found["primary"], "metrics": found["metrics"]}
    return {"before": one.name, "after": two.name, **parts, "benchmarks": benchmarks}


def adjust(arms: Iterable[Entry]) -> None:
    """Write the adjusted p-values into the entries of ``arms`` or ``between``.

    ``p_holm``: over image and video of all arms, and over the main numbers of all benchmarks and arms.
    ``p_bh``: over the subtasks of an arm, and over the slices of all its benchmarks.
    """
    arms = list(arms)
    _write("p_holm", holm, [arm[m] for arm in arms for m in MODALITIES if arm[m]])
    _write(
        "p_holm",
        holm,
        [part["metrics"][part["primary"]] for arm in arms for part in arm["benchmarks"].values()],
    )
    for arm in arms:
        _write("p_bh", benjamini_hochberg, list(arm.get("subtasks", {}).values()))
        slices = [
            row for part in arm["benchmarks"].values() for name, row in part["metrics"].items() if "/" in name
        ]
        _write("p_bh", benjamini_hochberg, slices)


def _write(key: str, method: Any, rows: Sequence[Entry]) -> None:
    tested = [row for row in rows if row["p"] is not None]
    for row, p in zip(tested, method([row["p"] for row in tested]), strict=True):
        row[key] = p


def _mean_change(
    pairs: Sequence[Pair], subtask: str | None, base: EvaluatedRun | None, setting: Setting
) -> Entry | None:
    """Mean item score over several benchmarks, or in one subtask; None where no item has a score."""
    known = {cause for pair in pairs for cause in pair.known_causes}
    causes: list[Cause] = ["unexplained"] if "unexplained" in known else sorted(known)
    chosen = [np.array([subtask in (None, f"{p.benchmark}/{own}") for own in p.subtasks]) for p in pairs]
    clusters = [
        c for p, here in zip(pairs, chosen, strict=True) for c, k in zip(p.clusters, here, strict=True) if k
    ]
    values = {
        happened: np.concatenate(
            [pair.scores_of(happened, causes)[here] for pair, here in zip(pairs, chosen, strict=True)] or [[]]
        )
        for happened in subsets(causes)
    }
    where = np.isfinite(np.stack(list(values.values()))).all(axis=0)
    if not where.any():
        return None
    states = {happened: {"score": mean(found[where])} for happened, found in values.items()}
    kept = [cluster for cluster, is_kept in zip(clusters, where.tolist(), strict=True) if is_kept]
    if base is None:
        return measure(states[_NONE]["score"], kept)
    first, last = values[_NONE][where], values[frozenset(causes)][where]
    return changes(states, (first, last), kept, setting)["score"]


def _benchmark(
    pair: Pair, base: EvaluatedRun | None, setting: Setting, *, only_primary: bool = False
) -> Entry:
    states = pair.states()
    primary = _primary(states[_NONE])
    if only_primary:
        states = {happened: {primary: metrics[primary]} for happened, metrics in states.items()}
    last = frozenset(pair.known_causes)
    if base is None:
        entries = {name: measure(metric, pair.clusters) for name, metric in states[_NONE].items()}
    else:
        scores = (pair.scores(_NONE), pair.scores(last))
        shifts = _shifts(pair, states, setting)
        entries = changes(states, scores, pair.clusters, setting, shifts=shifts)
    return {
        "modality": pair.modality,
        "scorer": pair.rule.id,
        "primary": primary,
        "metrics": entries,
        "outcomes": {"before": pair.counts(0), "after": pair.counts(1)},
        "both_parsed": None if base is None else _both_parsed(pair),
    }


def _primary(metrics: Mapping[str, Any]) -> str:
    return next((name for name in _PRIMARY if name in metrics), next(iter(metrics)))


def _shifts(pair: Pair, states: States, setting: Setting) -> dict[str, Any]:
    before, after = pair.robust
    if pair.benchmark != _YES_NO or before is None or after is None:
        return {}
    splits = [str(row["category"]).split(",") for row in pair.rows]
    times = {}
    for name in states[_NONE]:
        if name == "accuracy":
            times[name] = np.array([float(len(split)) for split in splits])
        elif name.endswith("/accuracy"):
            times[name] = np.array([float(name.split("/")[1] in split) for split in splits])
    gains = pair.scores(frozenset({"skill"})) - pair.scores(_NONE)
    scale = 100.0 if states[_NONE]["accuracy"].unit == "percent" else 1.0
    return yes_shifts(
        times,
        (before, after),
        scale * np.nan_to_num(gains),
        pair.clusters,
        num_draws=setting.num_draws,
        seed=setting.seed,
    )


def _both_parsed(pair: Pair) -> Entry:
    """Mean scores of the items that were read on both sides: a change here is no matter of unread replies."""
    last = frozenset(pair.known_causes)
    read = [
        one.parsed is not None and two.parsed is not None
        for one, two in zip(pair.outcomes(_NONE), pair.outcomes(last), strict=True)
    ]
    before, after = pair.scores(_NONE)[read], pair.scores(last)[read]
    both = np.isfinite(before) & np.isfinite(after)
    if not both.any():
        return {"n": 0, "before": None, "after": None, "delta": None}
    one, two = float(before[both].mean()), float(after[both].mean())
    return {"n": int(both.sum()), "before": one, "after": two, "delta": two - one}
