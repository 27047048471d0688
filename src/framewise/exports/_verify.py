"""What the other trainer will really do with an export, against what it is to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from framewise._artifacts import digest, require_finished
from framewise._errors import FramewiseError
from framewise._jsonl import read_json
from framewise._plugins import load_plugin
from framewise.exports._exporter import Exporter, Seen, Served, Setup
from framewise.exports._model import target_of
from framewise.exports._sidecar import Promise, read_sidecar

STAGE = "export"
_TOLERANCE_SECONDS = 2e-3
"""Players keep times in milliseconds at least."""


@dataclass(frozen=True)
class Difference:
    """One thing that the trainer would do otherwise than the budgets say."""

    record_id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.record_id}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a verification found."""

    num_records: int
    """Rows that the trainer will read."""
    num_videos: int
    """Videos whose frames and times were compared."""
    differences: tuple[Difference, ...]
    cautions: tuple[str, ...]
    """What the export said when it was made."""


def verify(folder: Path) -> Verification:
    """Recompute, under the trainer's own rule, the frames and times that each sample of an export will get.

    The rows and settings are read as they lie there now, and the header of every file that they name is
    opened. A clip must have the digest that it was exported with, an original its size.

    Args:
        folder: A finished run directory of ``framewise export``.

    Raises:
        UsageError: It is no such directory, or a file of it is missing or malformed.
    """
    manifest = require_finished(folder, STAGE)
    config = manifest["config"]
    exporter: Exporter = load_plugin("exporters", config["to"])()
    setup = Setup(
        target=target_of(config["model"], config["model_type"]),
        pixels_per_frame=config["pixels_per_frame"],
        materialised="materialised" in manifest["inputs"],
    )
    return verify_folder(folder, exporter, setup)


def verify_folder(folder: Path, exporter: Exporter, setup: Setup) -> Verification:
    """Like ``verify``, before the run is marked as finished."""
    promises = read_sidecar(folder)
    summary = read_json(folder / "summary.json")
    served = list(exporter.serve(folder, setup))
    differences = [d for row in served for d in _compare(row, promises.get(row.record_id, []), folder)]
    differences += _missing(served, promises, summary["num_records"])
    return Verification(
        num_records=len(served),
        num_videos=sum(len(row.videos) for row in served),
        differences=tuple(differences),
        cautions=tuple(summary["cautions"]),
    )


def _missing(
    served: Sequence[Served], promises: dict[str, list[Promise]], num_records: int
) -> Iterator[Difference]:
    counts = Counter(row.record_id for row in served)
    for record_id in promises:
        if counts[record_id] != 1:
            yield Difference(
                record_id, f"it is in the trainer's data {counts[record_id]} times instead of once"
            )
    if len(served) != num_records:
        yield Difference("(all)", f"the trainer's data have {len(served)} rows, {num_records} were exported")


def _compare(row: Served, promises: Sequence[Promise], folder: Path) -> Iterator[Difference]:
    if row.fault:
        yield Difference(row.record_id, row.fault)
        return
    if len(row.videos) != len(promises):
        yield Difference(row.record_id, f"{len(row.videos)} videos instead of {len(promises)}")
        return
    for (path, seen), promise in zip(row.videos, promises, strict=True):
        if (folder / path).resolve() != (folder / promise.path).resolve():
            yield Difference(row.record_id, f"reads {path} instead of {promise.path}")
        elif reason := _changed(folder / path, promise) or differs(promise.expected, seen):
            yield Difference(row.record_id, f"{path}: {reason}")


def _changed(file: Path, promise: Promise) -> str:
    try:
        if file.stat().st_size != promise.num_bytes:
            return (
                f"the file has {file.stat().st_size} bytes, it had {promise.num_bytes} when it was exported"
            )
    except OSError as error:
        raise FramewiseError(f"{file}: {error.strerror}") from error
    if promise.sha256 is not None and digest(file) != promise.sha256:
        return "the file has other contents than when it was exported"
    return ""


def differs(expected: Seen, seen: Seen) -> str:
    """The first difference of what is seen from what is expected, in words; empty where there is none."""
    if seen.num_frames != expected.num_frames:
        return f"{seen.num_frames} frames instead of {expected.num_frames}"
    if seen.indices != expected.indices:
        return f"frames {_few(seen.indices)} of the file instead of {_few(expected.indices)}"
    if expected.height is not None and (seen.height, seen.width) != (expected.height, expected.width):
        return f"{seen.width}x{seen.height} pixels instead of {expected.width}x{expected.height}"
    if (seen.seconds is None) != (expected.seconds is None):
        return "it is told no times" if seen.seconds is None else "it is told times, which it should not be"
    for number, (found, wanted) in enumerate(zip(seen.seconds or (), expected.seconds or (), strict=True)):
        if abs(found - wanted) > _TOLERANCE_SECONDS + 1e-4 * wanted:
            return f"frame {number} is said to be at {found:.3f} s instead of {wanted:.3f} s"
    return ""


def _few(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:6]))
    return f"{shown}, ..." if len(numbers) > 6 else shown
