"""The stage ``compare``: the same items before and after, pair by pair."""

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise._progress import track
from framewise.evaluation._arms import Readings, adjust, describe_arm, describe_between
from framewise.evaluation._change import Setting
from framewise.evaluation._compare_csv import write_csv
from framewise.evaluation._flips import FLIPS, flipped
from framewise.evaluation._readings import read_run
from framewise.evaluation._runs import EvaluatedRun, check_comparable, load_run

COMPARISON = "comparison.json"
TABLE = "comparison.csv"
_SEED = 0
_DEFAULT = Setting()


def compare(
    before: Path,
    afters: Sequence[Path],
    *,
    output: Path,
    scorer: str | None = None,
    margin: float = _DEFAULT.margin,
    allow: Sequence[str] = (),
    min_coverage: float = 1.0,
    fresh: bool = False,
) -> Path:
    """Compare evaluations of several models with the evaluation of the model that they come from.

    Replies are read again, all by one scorer. Writes ``comparison.json``, ``comparison.csv`` and
    ``flips.jsonl`` (items that gained or lost, with both replies). The image score of an arm is the mean over
    all items of its image benchmarks, and likewise for video; each benchmark's own metrics are computed again
    in every draw. Items that a run could not read are left out of the difference and counted. Intervals
    resample clusters. The first arm is ``before`` itself, without differences; ``between`` has the
    differences of the other arms to each other.

    Args:
        before: Run directory of the evaluation that all others are compared with.
        afters: Run directories of the other evaluations; an arm is called by the last part of its path.
        output: The run directory.
        scorer: Name or id of a scorer; None: the one that the runs were scored with, else ``robust``.
        margin: Of the test for "no harm", as a share of a metric's span: 0.01 is one point of a percentage.
        allow: Settings that may differ between runs; each difference is marked.
        min_coverage: Share of all items that two runs must both have asked; the others are marked.
        fresh: Start over.

    Returns:
        ``output``.

    Raises:
        UsageError: A directory is no finished evaluation, two have one name, a scorer or an option is
            unknown, or two runs differ in benchmarks, settings, items or questions; the message says in what.
    """
    if not (0.0 < margin < 1.0 and 0.0 < min_coverage <= 1.0):
        raise UsageError(
            f"margin and min_coverage are shares between 0 and 1, got {margin} and {min_coverage}"
        )
    runs = [load_run(path) for path in (before, *afters)]
    names = [run.name for run in runs]
    _check_names(names)
    check = partial(check_comparable, allow=allow, min_coverage=min_coverage, rescored=scorer is not None)
    marks = [mark for run in runs[1:] for mark in check(runs[0], run)]
    readings = [read_run(run, scorer) for run in runs]
    setting = Setting(margin=margin, seed=_SEED)
    with RunDirectory(
        output,
        stage="compare",
        config={
            "arms": names,
            "num_resamples": setting.num_draws,
            "scorers": {name: reading.rule.id for name, reading in readings[0].items()},
            "margin": margin,
            "allow": sorted(allow),
            "min_coverage": min_coverage,
        },
        inputs=dict(zip(names, (before, *afters), strict=True)),
        seed=_SEED,
        fresh=fresh,
    ) as directory:
        if not directory.finished:
            comparison, flips = _describe(runs, readings, setting)
            write_json(output / COMPARISON, {**comparison, "marks": marks, "margin": margin})
            write_csv(output / TABLE, comparison)
            directory.write_rows(FLIPS, flips)
            directory.complete()
    return output


def _describe(
    runs: Sequence[EvaluatedRun], readings: Sequence[Readings], setting: Setting
) -> tuple[dict[str, Any], list[Row]]:
    base, *others = runs
    arms = [describe_arm(None, base, (readings[0], readings[0]), setting)[0]]
    flips: list[Row] = []
    for run, reading in track(
        list(zip(others, readings[1:], strict=True)), "compare (arms)", total=len(others)
    ):
        arm, pairs = describe_arm(base, run, (readings[0], reading), setting)
        arms.append(arm)
        flips += flipped(run.name, base.name, pairs)
    between = [
        describe_between(one, two, (first, second), setting)
        for (one, first), (two, second) in combinations(list(zip(others, readings[1:], strict=True)), 2)
    ]
    adjust(arms)
    adjust(between)
    return {"before": base.name, "arms": arms, "between": between}, flips


def _check_names(names: Sequence[str]) -> None:
    if len(names) < 2:
        raise UsageError("there is nothing to compare: give a directory before and at least one after")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"two directories are called {twice[0]!r}, and an arm has its directory's name: rename one"
        )
