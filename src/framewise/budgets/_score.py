"""Budgets held against the truth: what is starved, what is wasted, and how far off the numbers are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framewise._artifacts import read_manifest
from framewise._errors import UsageError
from framewise.budgets._agreement import doublings, quadratic_kappa
from framewise.budgets._bootstrap import Interval, mean_with_interval
from framewise.budgets._budget import Budget, Key
from framewise.budgets._table import read_budgets
from framewise.budgets._truth import read_truth
from framewise.records import read_records

Vector = NDArray[np.float64]

_BINS = 10


@dataclass(frozen=True, kw_only=True)
class Score:
    """One table of budgets against the truth."""

    name: str
    n: int
    """Videos that have a budget and a known need."""
    mean_frames: Interval
    starved: Interval
    """Share of videos with fewer frames than they need, 0 to 1."""
    wasted: Interval
    """Frames above the need, 0 where there are too few, on average."""
    log2_error: Interval
    """Mean absolute difference of log2 frames: 1 is a factor of two."""
    kappa: float
    """Agreement of the numbers in doublings, weighted by squares: 1 perfect, 0 as by chance."""
    calibration: float | None
    """Expected calibration error of P(need <= option), 0 to 1; None where the allocator gives no probabilities."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One table less another over the same videos."""

    name: str
    other: str
    starved: Interval
    wasted: Interval
    log2_error: Interval


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All tables, and each less the first."""

    scores: tuple[Score, ...]
    differences: tuple[Difference, ...]
    num_left_out: int
    """Videos with a known need that some table has no budget for."""
    num_clusters: int
    """Videos, which questions share, that intervals draw from."""


def score_budgets(directories: Sequence[Path], truth: Path, *, seed: int = 0) -> Scores:
    """Hold tables of budgets against the truth, all over the videos that all of them have.

    Intervals are of 95 %, by a bootstrap over video files, for questions about one video are not independent.

    Args:
        directories: Run directories of ``framewise allocate``.
        truth: See ``read_truth``.
        seed: Seed of the bootstrap.

    Raises:
        UsageError: A table is missing, or has no video whose need is known.
    """
    tables = [read_budgets(path) for path in directories]
    needs = read_truth(truth)
    keys = sorted(key for key in needs if all(key in table for table in tables))
    if not keys:
        raise UsageError(
            f"no video of {truth} is in all of {', '.join(map(str, directories))}: use the same records"
        )
    need = np.array([needs[key] for key in keys], np.float64)
    clusters = _clusters(directories[0], keys)

    def interval(values: Vector) -> Interval:
        return mean_with_interval(values, clusters, seed=seed)

    measured = [_measure([table[key] for key in keys], need) for table in tables]
    scores = [
        Score(
            name=path.name or str(path),
            n=len(keys),
            mean_frames=interval(found["frames"]),
            starved=interval(found["starved"]),
            wasted=interval(found["wasted"]),
            log2_error=interval(found["log2_error"]),
            kappa=quadratic_kappa(doublings(found["frames"]), doublings(need)),
            calibration=calibration_error([table[key] for key in keys], need),
        )
        for path, table, found in zip(directories, tables, measured, strict=True)
    ]
    return Scores(
        scores=tuple(scores),
        differences=tuple(
            _difference(score.name, scores[0].name, found, measured[0], interval)
            for score, found in zip(scores[1:], measured[1:], strict=True)
        ),
        num_left_out=len(needs) - len(keys),
        num_clusters=len(set(clusters)),
    )


def calibration_error(budgets: Sequence[Budget], need: Vector) -> float | None:
    """Expected calibration error of the claims "m frames are enough" over all samples and options but the last.

    Claims are put into ten bins of equal width by their probability; the error is the mean distance of a bin's claims
    from the share that holds, weighted by the bin's size. The last option is claimed with certainty by
    construction, so it is left out.
    """
    claims, held = [], []
    for budget, needed in zip(budgets, need, strict=True):
        below = 0.0
        for option in sorted(map(int, budget.probabilities or {}))[:-1]:
            below += (budget.probabilities or {})[str(option)]
            claims.append(min(below, 1.0))
            held.append(needed <= option)
    if not claims:
        return None
    claimed, true = np.array(claims), np.array(held, np.float64)
    bins = np.minimum((claimed * _BINS).astype(int), _BINS - 1)
    return sum(abs(float((claimed - true)[bins == i].sum())) for i in range(_BINS)) / len(claimed)


def _measure(budgets: Sequence[Budget], need: Vector) -> dict[str, Vector]:
    frames = np.array([budget.num_frames for budget in budgets], np.float64)
    return {
        "frames": frames,
        "starved": (frames < need).astype(np.float64),
        "wasted": np.maximum(frames - need, 0.0),
        "log2_error": np.abs(np.log2(frames) - np.log2(need)),
    }


def _difference(
    name: str,
    other: str,
    found: Mapping[str, Vector],
    base: Mapping[str, Vector],
    interval: Callable[[Vector], Interval],
) -> Difference:
    return Difference(
        name=name,
        other=other,
        starved=interval(found["starved"] - base["starved"]),
        wasted=interval(found["wasted"] - base["wasted"]),
        log2_error=interval(found["log2_error"] - base["log2_error"]),
    )


def _clusters(directory: Path, keys: Sequence[Key]) -> list[str]:
    """The video file of each key, by the records that the budgets are from; else each record is its own."""
    manifest = read_manifest(directory) if directory.is_dir() else None
    if manifest is None or not Path(manifest["places"]["records"]).exists():
        return [key[0] for key in keys]
    places = manifest["places"]
    root = Path(places["media_root"]) if places["media_root"] else None
    wanted = set(keys)
    paths = {
        (record.id, index): media.path
        for record in read_records(Path(places["records"]), media_root=root, on_bad=lambda _: None)
        for index, media in enumerate(record.media)
        if (record.id, index) in wanted
    }
    return [paths.get(key, key[0]) for key in keys]
