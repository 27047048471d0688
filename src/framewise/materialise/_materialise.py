"""The stage: a small clip with exactly the budgeted frames for every video of every record."""

import shutil
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory, table_of
from framewise._engine import TaskFault, run_tasks
from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise._progress import track
from framewise.budgets import Key
from framewise.clips import Workers, make_decoder
from framewise.materialise._encode import ENCODER
from framewise.materialise._frame_size import FrameSize
from framewise.materialise._make import PARTS, Fault, Workshop, make_clip
from framewise.materialise._plan import Plan, plan_clips
from framewise.records import SKIPPED, check_outside, default_media_root, record_inputs, skipped_row

STAGE = "materialise"
MATERIALISED, SUMMARY = "materialised.jsonl", "summary.json"
_DEFAULT_SIZE, _ALL_CORES = FrameSize(), Workers()


def materialise(
    records: Path,
    *,
    budgets: Path,
    output: Path,
    media_root: Path | None = None,
    clips: Path | None = None,
    size: FrameSize = _DEFAULT_SIZE,
    decoder: str = "pyav",
    workers: Workers = _ALL_CORES,
    fresh: bool = False,
) -> Path:
    """Store the frames that training would sample, so that any trainer gets them and no others.

    Leaves ``clips/`` (mp4 files named by what they are made of, so that records share equal ones),
    ``materialised.jsonl`` (one row a video that has a clip), ``skipped.jsonl`` (one row a video that has
    none, and why) and ``summary.json``, all in record order. Images are left where they are. Going on after
    an interruption, videos that have a row already are not decoded again.

    Args:
        records: The dataset, in any known layout.
        budgets: What ``framewise allocate`` left for the same records.
        output: The run directory; with Ray on a disk that all machines share, like the media.
        media_root: Folder that media paths are relative to; None: the one that the records lie in.
        clips: What ``framewise probe`` left; only needed where truncated videos are used.
        size: How frames are resized.
        decoder: Name of the decoder.
        workers: Where and how the work is done.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: A name, a setting or a path is wrong, or no video has a budget.
    """
    make_decoder(decoder)
    check_outside(output, records)
    config = {"size": asdict(size), "decoder": decoder, "encoder": ENCODER}
    inputs = _inputs(records, budgets, clips)
    with RunDirectory(output, stage=STAGE, config=config, inputs=inputs, fresh=fresh) as run:
        if not run.finished:
            started = time.monotonic()
            root = media_root or default_media_root(records)
            plan = plan_clips(records, budgets=budgets, clips=clips, media_root=root)
            workshop = Workshop(
                media_root=root.absolute(),
                output=output.absolute(),
                size=_located(size),
                temporal_multiple=_checked_multiple(size, plan),
                decoder=decoder,
            )
            made, faults = _make_rest(run, workshop, plan, workers)
            _finish(run, plan, made, faults)
            places = {"records": str(records), "media_root": str(root)}
            run.complete(seconds=time.monotonic() - started, places=places, engine=workers.engine)
    return output


def _inputs(records: Path, budgets: Path, clips: Path | None) -> dict[str, Path]:
    inputs = record_inputs(records) | {"budgets": table_of(budgets, "budgets.jsonl")}
    return inputs | ({"clips": table_of(clips, "clips.jsonl")} if clips else {})


def _located(size: FrameSize) -> FrameSize:
    """The same with a folder's absolute path: workers need not be where this process is."""
    if size.model is None or not Path(size.model).exists():
        return size
    return replace(size, model=str(Path(size.model).absolute()))


def _checked_multiple(size: FrameSize, plan: Plan) -> int:
    multiple = size.temporal_multiple
    budgets = (task.num_frames for task in plan.tasks.values())
    odd = next((m for m in budgets if m > multiple and m % multiple), None)
    if size.model is not None and odd is not None:
        raise UsageError(
            f"a budget is {odd} frames, but {size.model} reads frames {multiple} at a time: "
            f"allocate with --multiple-of {multiple}"
        )
    return multiple


def _make_rest(
    run: RunDirectory, workshop: Workshop, plan: Plan, workers: Workers
) -> tuple[dict[Key, Row], dict[Key, Row]]:
    """Rows of all clips and of all faults; goes on from those that the files have."""
    made = {key: row for key, row in _by_key(run, MATERIALISED) if (run.path / row["path"]).is_file()}
    faults = {key: row for key, row in _by_key(run, SKIPPED) if key in plan.tasks}
    groups = plan.grouped(made.keys() | faults.keys())
    _drop_parts(run)
    with closing(run_tasks(partial(make_clip, workshop), groups, **vars(workers))) as results:
        for task, result in track(results, "materialise", total=len(groups)):
            found = _lost(result, workers) if isinstance(result, TaskFault) else result
            for key in groups[task]:
                if isinstance(found, Fault):
                    faults[key] = skipped_row(*key, task.media.path, found.status, found.reason)
                    run.append(SKIPPED, faults[key])
                else:
                    made[key] = {"record_id": key[0], "media_index": key[1], **found}
                    run.append(MATERIALISED, made[key])
    _drop_parts(run)
    return made, faults


def _by_key(run: RunDirectory, name: str) -> list[tuple[Key, Row]]:
    return [((row["record_id"], row["media_index"]), row) for row in run.open_rows(name)]


def _drop_parts(run: RunDirectory) -> None:
    """Delete files that a kill left half written."""
    if (run.path / PARTS).exists():
        shutil.rmtree(run.path / PARTS)


def _lost(fault: TaskFault, workers: Workers) -> Fault:
    """What became of a task whose worker did not live to tell of it."""
    if fault.kind == "timeout":
        return Fault("timeout", f"it was not done after {workers.timeout_seconds:g} s: raise the time limit")
    return Fault("crashed", fault.reason)


def _finish(run: RunDirectory, plan: Plan, made: Mapping[Key, Row], faults: Mapping[Key, Row]) -> None:
    rows = [made[key] for key in plan.tasks if key in made]
    skipped = [*plan.skipped, *(faults[key] for key in plan.tasks if key in faults)]
    run.write_rows(MATERIALISED, rows)
    run.write_rows(SKIPPED, skipped)
    write_json(run.path / SUMMARY, _summarise(run.path, rows, skipped))


def _summarise(folder: Path, rows: list[Row], skipped: list[Row]) -> dict[str, Any]:
    files = {row["path"]: row for row in rows}
    histogram = Counter(row["num_frames"] for row in rows)
    fidelity = sorted(row["psnr_db"] for row in files.values())
    return {
        "num_clips": len(rows),
        "num_files": len(files),
        "num_shared": len(rows) - len(files),
        "num_clamped": sum(row["clamped"] for row in rows),
        "num_skipped": len(skipped),
        "skipped": dict(Counter(row["status"] for row in skipped).most_common()),
        "histogram": {str(m): histogram[m] for m in sorted(histogram)},
        "bytes": sum((folder / path).stat().st_size for path in files),
        "psnr_db": {"min": fidelity[0], "median": fidelity[len(fidelity) // 2]} if fidelity else None,
    }
