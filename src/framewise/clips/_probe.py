"""The stage that finds what every media file really holds."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._engine import Engine, TaskFault, run_tasks
from framewise._jsonl import Row, write_json
from framewise._progress import track
from framewise.clips._clip import Clip
from framewise.clips._find_media import FoundMedia, find_media
from framewise.clips._make_decoder import make_decoder
from framewise.clips._probe_media import probe_media
from framewise.clips._rows_file import RowsFile
from framewise.records import BadRow, Media, check_outside

CLIPS = "clips.jsonl"
SUMMARY = "summary.json"


@dataclass(frozen=True, kw_only=True)
class ProbeSummary:
    """What a probe found."""

    num_media: int
    statuses: dict[str, int]
    """Media by status, most first."""
    hours: float
    """Duration of all usable videos."""
    faults: tuple[Clip, ...]
    """Media that cannot be used, by path."""
    notes: tuple[Clip, ...]
    """Usable media of which there is something to know, by path."""
    bad_rows: tuple[BadRow, ...]
    """Rows of the dataset that are no record; their media were not probed."""

    def to_json(self) -> dict[str, Any]:
        """What ``summary.json`` holds."""
        said = {
            key: [{"path": c.path, "status": c.status, "reason": c.reason} for c in clips]
            for key, clips in (("faults", self.faults), ("notes", self.notes))
        }
        return {**vars(self), **said, "bad_rows": [asdict(bad) for bad in self.bad_rows]}


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Where and how media are probed; nothing of it changes what a whole file gives."""

    engine: Engine = "processes"
    num_workers: int | None = None
    """Media that are decoded at once; None: one a core."""
    timeout_seconds: float | None = 600.0
    """Longest time that one medium may take; None: no limit."""


def probe(
    source: Path,
    *,
    output: Path,
    media_root: Path | None = None,
    format: str | None = None,  # noqa: A002
    decoder: str = "pyav",
    allow_truncated: bool = False,
    workers: Workers = Workers(),
    fresh: bool = False,
) -> ProbeSummary:
    """Decode every medium of a dataset once and write down what it holds, in the order of the paths.

    Each is decoded in a worker process: one that hangs or crashes its decoder is a fault like others. Going on
    after an interruption, media that have a row already are not decoded again.

    Args:
        source: Records, or a folder of videos and images.
        output: A run directory (``clips.jsonl``, ``summary.json``), or a file whose name ends in .jsonl:
            then the rows alone are written, and their manifest beside them.
        media_root: Folder that paths are relative to and may not leave; None: as in ``read_records``, or
            the folder of media itself.
        format: Layout of the records; None: found out from their keys.
        decoder: Name of the decoder for videos; see ``make_decoder``.
        allow_truncated: Whether truncated videos are ok, with the frames before the damage.
        workers: Where and how the work is done.
        fresh: Delete what an earlier run left and start over.

    Raises:
        UsageError: There are no media, or ``output`` is another run's.
    """
    make_decoder(decoder)
    found = find_media(source, media_root=media_root, format=format)
    if found.record_files:
        check_outside(output, source)
    config = {"decoder": decoder, "allow_truncated": allow_truncated, "media_sha256": found.sha256()}
    measure = partial(probe_media, found.root, decoder, allow_truncated)
    place = {"media_root": str(found.root)}
    started = time.monotonic()
    if output.suffix == ".jsonl":
        with RowsFile(output, stage="probe", config=config, inputs=found.record_files, fresh=fresh) as file:
            clips = _probe_rest(found, measure, workers, file.rows(), file.append)
            summary = _summarise(clips, found.bad_rows)
            if not file.finished:
                file.write_rows(clip.to_json() for clip in clips)
                file.complete(**place, seconds=time.monotonic() - started, summary=summary.to_json())
        return summary
    with RunDirectory(output, stage="probe", config=config, inputs=found.record_files, fresh=fresh) as run:
        clips = _probe_rest(found, measure, workers, run.open_rows(CLIPS), partial(run.append, CLIPS))
        summary = _summarise(clips, found.bad_rows)
        if not run.finished:
            run.write_rows(CLIPS, (clip.to_json() for clip in clips))
            write_json(output / SUMMARY, summary.to_json())
            run.complete(**place, seconds=time.monotonic() - started)
    return summary


def _probe_rest(
    found: FoundMedia,
    measure: Callable[[Media], Clip],
    workers: Workers,
    rows: list[Row],
    append: Callable[[Row], None],
) -> list[Clip]:
    """The clips of ``rows`` and of all other media, each of these appended as soon as it is known."""
    clips = {row["path"]: Clip.from_json(row) for row in rows}
    rest = [medium for path, medium in found.media.items() if path not in clips]
    results = run_tasks(measure, rest, **vars(workers)) if rest else ()
    for medium, result in track(results, "probe", total=len(rest)):
        clip = _lost(medium, result, workers) if isinstance(result, TaskFault) else result
        clips[medium.path] = clip
        append(clip.to_json())
    return [clips[path] for path in found.media]


def _lost(medium: Media, fault: TaskFault, workers: Workers) -> Clip:
    """The clip of a medium that its worker did not live to tell of."""
    if fault.kind == "timeout":
        reason = (
            f"it did not decode within {workers.timeout_seconds:g} s: raise --time-limit, or write it anew"
        )
        return Clip(path=medium.path, status="timeout", reason=reason)
    return Clip(path=medium.path, status="crashed", reason=f"the decoder crashed: {fault.reason}")


def _summarise(clips: list[Clip], bad_rows: tuple[BadRow, ...]) -> ProbeSummary:
    return ProbeSummary(
        num_media=len(clips),
        statuses=dict(Counter(clip.status for clip in clips).most_common()),
        hours=sum(clip.duration_seconds for clip in clips if clip.ok) / 3600,
        faults=tuple(clip for clip in clips if not clip.ok),
        notes=tuple(clip for clip in clips if clip.ok and clip.reason),
        bad_rows=bad_rows,
    )
