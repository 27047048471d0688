"""The stage that finds what every media file really holds."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._errors import UsageError
from framewise._jsonl import Row, write_json
from framewise._plugins import load_plugin
from framewise._progress import track
from framewise.clips._clip import Clip, Decoder
from framewise.clips._find_media import FoundMedia, find_media
from framewise.clips._image import probe_image
from framewise.clips._rows_file import RowsFile
from framewise.records import BadRow, MediaKind, check_outside, resolve_media

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
    bad_rows: tuple[BadRow, ...]
    """Rows of the dataset that are no record; their media were not probed."""

    def to_json(self) -> dict[str, Any]:
        """What ``summary.json`` holds."""
        faults = [{"path": c.path, "status": c.status, "reason": c.reason} for c in self.faults]
        return {**vars(self), "faults": faults, "bad_rows": [asdict(bad) for bad in self.bad_rows]}


def probe(
    source: Path,
    *,
    output: Path,
    media_root: Path | None = None,
    format: str | None = None,  # noqa: A002
    decoder: str = "pyav",
    fresh: bool = False,
) -> ProbeSummary:
    """Decode every media file of a dataset once and write down what it holds.

    Going on after an interruption, files that have a row already are not decoded again.

    Args:
        source: Records, or a folder of videos and images.
        output: A run directory (``clips.jsonl``, ``summary.json``), or a file whose name ends in .jsonl:
            then the rows alone are written, and their manifest beside them.
        media_root: Folder that paths are relative to and may not leave; None: as in ``read_records``, or
            the folder of media itself.
        format: Layout of the records; None: found out from their keys.
        decoder: Name of the decoder for videos.
        fresh: Delete what an earlier run left and start over.

    Raises:
        UsageError: There are no media, or ``output`` is another run's.
    """
    reader: Decoder = load_plugin("decoders", decoder)()
    found = find_media(source, media_root=media_root, format=format)
    if found.record_files:
        check_outside(output, source)
    config = {"decoder": decoder, "media_sha256": found.sha256()}
    place = {"media_root": str(found.root)}
    started = time.monotonic()
    if output.suffix == ".jsonl":
        with RowsFile(output, stage="probe", config=config, inputs=found.record_files, fresh=fresh) as file:
            summary = _summarise(_probe_rest(found, reader, file.rows(), file.append), found.bad_rows)
            if not file.finished:
                file.complete(**place, seconds=time.monotonic() - started, summary=summary.to_json())
        return summary
    with RunDirectory(output, stage="probe", config=config, inputs=found.record_files, fresh=fresh) as run:
        clips = _probe_rest(found, reader, run.open_rows(CLIPS), partial(run.append, CLIPS))
        summary = _summarise(clips, found.bad_rows)
        if not run.finished:
            write_json(output / SUMMARY, summary.to_json())
            run.complete(**place, seconds=time.monotonic() - started)
    return summary


def _probe_rest(
    found: FoundMedia, reader: Decoder, rows: list[Row], append: Callable[[Row], None]
) -> list[Clip]:
    """The clips of ``rows`` and of all other media, each of these appended as soon as it is known."""
    clips = {row["path"]: Clip.from_json(row) for row in rows}
    rest = [path for path in found.kinds if path not in clips]
    for path in track(rest, "probe", total=len(rest)):
        clips[path] = _probe_one(found.root, path, found.kinds[path], reader)
        append(clips[path].to_json())
    return list(clips.values())


def _probe_one(root: Path, path: str, kind: MediaKind, reader: Decoder) -> Clip:
    try:
        file = resolve_media(root, path)
    except UsageError as error:
        return Clip(path=path, status="unreadable", reason=str(error))
    clip = reader.probe(file) if kind == "video" else probe_image(file)
    return replace(clip, path=path)


def _summarise(clips: list[Clip], bad_rows: tuple[BadRow, ...]) -> ProbeSummary:
    return ProbeSummary(
        num_media=len(clips),
        statuses=dict(Counter(clip.status for clip in clips).most_common()),
        hours=sum(clip.duration_seconds for clip in clips if clip.ok) / 3600,
        faults=tuple(clip for clip in clips if not clip.ok),
        bad_rows=bad_rows,
    )
