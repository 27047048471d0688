"""Materialised clips: read from their run, and put into an export."""

import os
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import PART, Row, read_rows
from framewise.budgets import Key
from framewise.records import resolve_media

STAGE, ROWS = "materialise", "materialised.jsonl"
FOLDER = "clips"
"""Of an export, below which its clips lie."""
_TICKS = 1000
"""Of a second in the time base of clips with another rate."""


@dataclass(frozen=True, kw_only=True)
class CutClip:
    """A clip that holds exactly the frames of a budget."""

    file: Path
    name: str
    """Place below the folder of clips, with forward slashes."""
    num_frames: int
    clamped: bool
    """Whether the original gave fewer frames than were asked of it."""
    duration_seconds: float
    height: int
    width: int
    indices: tuple[int, ...]
    """Frames of the original."""
    times_seconds: tuple[float, ...]


def read_cut_clips(run: Path) -> dict[Key, CutClip]:
    """The clips of a finished run of ``framewise materialise``, by record id and media index.

    Raises:
        UsageError: The run is missing or did not finish, or a row is malformed.
    """
    require_finished(run, STAGE)
    found = {}
    for number, row in enumerate(read_rows(run / ROWS), start=1):
        try:
            found[row["record_id"], int(row["media_index"])] = _cut_clip(run, row)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{run / ROWS}, row {number}: not a clip: {error}") from error
    return found


def link_clip(clip: CutClip, folder: Path, stored_fps: float | None) -> str:
    """Put a clip below an export, where it is not yet; give its path relative to the export.

    It is a hard link where the file system can, else a copy. With ``stored_fps`` its packets are copied into
    a container of that rate; no frame is encoded again.
    """
    path = f"{FOLDER}/{clip.name}"
    target = folder / path
    if target.exists():
        return path
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    part.unlink(missing_ok=True)
    if stored_fps is not None:
        store_at_rate(clip.file, part, stored_fps)
    else:
        _link(clip.file, part)
    part.replace(target)
    return path


def store_at_rate(source: Path, target: Path, fps: float) -> None:
    """Copy the packets of an all-intra clip so that frame i begins at i / fps."""
    time_base = Fraction(1, _TICKS)
    ticks = round(_TICKS / fps)
    with av.open(str(source)) as read, av.open(str(target), "w", format="mp4") as written:
        stream: Any = written.add_stream_from_template(read.streams.video[0])
        stream.time_base = time_base
        packets = [packet for packet in read.demux(read.streams.video[0]) if packet.size]
        for number, packet in enumerate(packets):
            packet.stream, packet.time_base = stream, time_base
            packet.pts = packet.dts = number * ticks
            packet.duration = ticks
            written.mux(packet)


def _cut_clip(run: Path, row: Row) -> CutClip:
    file = resolve_media(run, row["path"])
    if not file.is_file():
        raise UsageError(f"{file} is missing: run `framewise materialise` again")
    return CutClip(
        file=file,
        name=row["path"].removeprefix(f"{FOLDER}/"),
        num_frames=int(row["num_frames"]),
        clamped=bool(row.get("clamped", False)),
        duration_seconds=float(row["duration_seconds"]),
        height=int(row["height"]),
        width=int(row["width"]),
        indices=tuple(row["indices"]),
        times_seconds=tuple(row["times_seconds"]),
    )


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Another file system, or one without hard links.
        shutil.copyfile(source, target)
