"""The stage: budgets in another trainer's layout, checked under its own rule."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from framewise._artifacts import RunDirectory, table_of
from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row, write_json
from framewise._plugins import load_plugin
from framewise.budgets import read_budgets
from framewise.exports._clips import ROWS, read_cut_clips
from framewise.exports._exporter import SIDECAR, Exporter, Sample, Setup
from framewise.exports._model import find_target
from framewise.exports._samples import Collected, Source, collect
from framewise.exports._sidecar import sidecar_rows
from framewise.exports._verify import STAGE, verify_folder
from framewise.records import SKIPPED, check_outside, default_media_root, record_inputs

SUMMARY = "summary.json"


def export(
    records: Path,
    *,
    budgets: Path,
    to: str,
    output: Path,
    materialised: Path | None = None,
    model: str | None = None,
    pixels_per_frame: int | None = None,
    media_root: Path | None = None,
    fresh: bool = False,
) -> Path:
    """Write records and budgets so that another trainer honours them.

    Leaves the trainer's data and settings, ``clips/`` with the clips that it reads, the sidecar
    ``framewise_budgets.jsonl`` (frames and times of each video in the original, and what the trainer is to
    see), ``skipped.jsonl`` (records that the trainer cannot honour, and why) and ``summary.json`` with
    cautions. The end is a verification; an export that does not verify does not finish.

    Args:
        records: The dataset, in any known layout.
        budgets: What ``framewise allocate`` left.
        to: Name of the exporter.
        output: The run directory.
        materialised: What ``framewise materialise`` left for the same records and budgets.
        model: Folder or released name of the model that the settings name; None: the exporter's own.
        pixels_per_frame: Most pixels of a frame, where originals are exported; clips have their size.
        media_root: Folder that media paths are relative to; None: the one that the records lie in.
        fresh: Delete what an earlier run left and start over.

    Returns:
        ``output``.

    Raises:
        UsageError: A name or a path is wrong, clips are needed and missing, or the trainer cannot honour
            budgets for this model.
        FramewiseError: No record can be exported, or the export does not verify.
    """
    exporter: Exporter = load_plugin("exporters", to)()
    _check_clips(exporter, to, records, budgets, materialised, pixels_per_frame)
    target = find_target(model or exporter.default_model, exporter.model_types, to)
    setup = Setup(target=target, pixels_per_frame=pixels_per_frame, materialised=materialised is not None)
    check_outside(output, records)
    config = {
        "to": to,
        "model": target.name,
        "model_type": target.model_type,
        "pixels_per_frame": pixels_per_frame,
    }
    inputs = _inputs(records, budgets, materialised)
    with RunDirectory(output, stage=STAGE, config=config, inputs=inputs, fresh=fresh) as run:
        if not run.finished:
            started = time.monotonic()
            source = Source(
                records=records,
                media_root=media_root or default_media_root(records),
                budgets=read_budgets(budgets),
                clips=read_cut_clips(materialised) if materialised else None,
            )
            _write(run, source, exporter, setup, to)
            run.complete(seconds=time.monotonic() - started)
    return output


def _check_clips(
    exporter: Exporter, to: str, records: Path, budgets: Path, materialised: Path | None, pixels: int | None
) -> None:
    if materialised is None and exporter.clips == "required":
        raise UsageError(
            f"{to} honours a budget only where the file holds exactly its frames: run\n"
            f"    framewise materialise {records} --budgets {budgets} -o {budgets}-clips\n"
            f"and add --materialised {budgets}-clips"
        )
    if materialised is not None and pixels is not None:
        raise UsageError(
            "clips are stored at the size of `framewise materialise --pixels-per-frame`: leave it out here"
        )


def _inputs(records: Path, budgets: Path, materialised: Path | None) -> dict[str, Path]:
    files = record_inputs(records)
    files["budgets"] = table_of(budgets, "budgets.jsonl")
    if materialised is not None:
        files["materialised"] = materialised / ROWS
    return files


def _write(run: RunDirectory, source: Source, exporter: Exporter, setup: Setup, to: str) -> None:
    found = collect(source, exporter, setup, run.path)
    run.write_rows(SKIPPED, found.skipped)
    if not found.samples:
        raise FramewiseError(_nothing(source.records, found, to))
    run.write_rows(SIDECAR, sidecar_rows(found.samples, setup, run.path))
    exporter.write(found.samples, setup, run.path)
    cautions = exporter.cautions(found.samples, setup)
    write_json(run.path / SUMMARY, summary(found.samples, found.skipped, cautions))
    checked = verify_folder(run.path, exporter, setup)
    if checked.differences:
        raise FramewiseError(f"the export does not verify: {checked.differences[0]}")


def summary(samples: Sequence[Sample], skipped: Sequence[Row], cautions: Sequence[str]) -> Row:
    """What ``summary.json`` holds."""
    frames = Counter(video.num_frames for sample in samples for video in sample.videos)
    return {
        "num_records": len(samples),
        "num_videos": frames.total(),
        "num_images": sum(sample.num_images for sample in samples),
        "num_text_only": sum(not sample.record.media for sample in samples),
        "frames": {str(number): count for number, count in sorted(frames.items())},
        "num_skipped": len(skipped),
        "skipped": dict(Counter(row["reason"] for row in skipped).most_common()),
        "cautions": list(cautions),
    }


def _nothing(records: Path, found: Collected, to: str) -> str:
    if not found.skipped:
        return f"{records} holds no record"
    first = found.skipped[0]
    return (
        f"no record of {records} can be exported to {to}; the first of {len(found.skipped)} reasons is that of "
        f"{first['record_id'] or first['path']}: {first['reason']}"
    )
