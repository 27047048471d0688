"""The sidecar of an export: which frames of which file each video is to give, at which times."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from framewise._artifacts import digest
from framewise._errors import UsageError
from framewise._jsonl import Row, read_rows
from framewise.exports._exporter import SIDECAR, Sample, Seen, Setup, Video


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A row of the sidecar, as far as it is verified."""

    record_id: str
    media_index: int
    path: str
    num_bytes: int
    sha256: str | None
    """Of a clip; None for an original, which may be large."""
    expected: Seen


def sidecar_rows(samples: Iterable[Sample], setup: Setup, folder: Path) -> Iterable[Row]:
    """One row for each video of the samples, in order."""
    return (_row(sample, video, setup, folder) for sample in samples for video in sample.videos)


def read_sidecar(folder: Path) -> dict[str, list[Promise]]:
    """The promises of an export by record, in the order of the record's media.

    Raises:
        UsageError: The sidecar is missing or malformed.
    """
    if not (folder / SIDECAR).is_file():
        raise UsageError(f"{folder} has no {SIDECAR}: export again")
    found: dict[str, list[Promise]] = {}
    for number, row in enumerate(read_rows(folder / SIDECAR), start=1):
        try:
            promise = _promise(row)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{folder / SIDECAR}, row {number}: not a row of a sidecar: {error}") from error
        found.setdefault(promise.record_id, []).append(promise)
    return {key: sorted(rows, key=lambda p: p.media_index) for key, rows in found.items()}


def _row(sample: Sample, video: Video, setup: Setup, folder: Path) -> Row:
    file = folder / video.path
    return {
        "record_id": sample.record.id,
        "media_index": video.media_index,
        "path": video.path,
        "source_path": video.source_path,
        "num_frames": video.num_frames,
        "duration_seconds": video.duration_seconds,
        "indices": list(video.source_indices),
        "times_seconds": list(video.source_times_seconds),
        "seen": {key: value for key, value in asdict(video.expected).items() if value is not None},
        "num_bytes": file.stat().st_size,
        **({"sha256": digest(file)} if setup.materialised else {}),
    }


def _promise(row: Row) -> Promise:
    seen: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row["seen"].items()}
    expected = Seen(**seen)
    for times in (expected.indices, expected.seconds):
        if times is not None and len(times) != expected.num_frames:
            raise ValueError(f"{len(times)} indices or times of {expected.num_frames} frames")
    return Promise(
        record_id=row["record_id"],
        media_index=int(row["media_index"]),
        path=row["path"],
        num_bytes=row["num_bytes"],
        sha256=row.get("sha256"),
        expected=expected,
    )
