"""A dataset in one layout written in another."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row
from framewise._plugins import load_plugin
from framewise.records._format import Format
from framewise.records._read import BadRow, PlacedRecord, read_placed
from framewise.records._record import Record
from framewise.records._rows import check_outside
from framewise.records._write import checked_suffix, write_dataset


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What became of the rows of a dataset."""

    num_written: int
    bad_rows: tuple[BadRow, ...]
    """Rows that are no record, and records that the target layout cannot say; none of them was written."""


def convert_records(
    path: Path,
    *,
    to: str,
    output: Path,
    format: str | None = None,  # noqa: A002
    media_root: Path | None = None,
    fps: float | None = None,
) -> Conversion:
    """Write the records at ``path`` in the layout ``to``; media paths become relative to the media root.

    Nothing is lost silently: a record that the layout cannot say, such as one with a window in time, is not
    written and is among the bad rows.

    Args:
        path: What ``read_records`` reads.
        to: Name of the layout to write.
        output: A .json, .jsonl or .parquet file; replaced as a whole when all rows are written.
        format: Name of the layout to read; None: found out from the keys.
        media_root: Folder that media paths are relative to; None: as in ``read_records``.
        fps: Images a second of the videos that are lists of images without times; None: they stay so.

    Raises:
        UsageError: A layout or a suffix is unknown, the rate is not above 0, there is nothing to read, or
            the output lies among it.
        FramewiseError: No row could be written.
    """
    checked_suffix(output)
    check_outside(output, path)
    if fps is not None and not 0 < fps < math.inf:
        raise UsageError(f"images a second must be above 0, got {fps:g}")
    target: Format = load_plugin("formats", to)()
    bad: list[BadRow] = []
    placed = read_placed(path, format=format, media_root=media_root, on_bad=bad.append)

    return Conversion(num_written=write_dataset(output, _rows(placed, target, fps, bad)), bad_rows=tuple(bad))


def _rows(
    placed: Iterator[PlacedRecord], target: Format, fps: float | None, bad: list[BadRow]
) -> Iterator[Row]:
    num_written = 0
    for found in placed:
        try:
            row = target.write(_with_rate(found.record, fps))
        except ValueError as error:
            bad.append(BadRow(found.file, found.line, str(error)))
            continue
        num_written += 1
        yield row
    if bad and not num_written:
        raise FramewiseError(f"none of {len(bad)} rows could be written; the first: {bad[0]}")


def _with_rate(record: Record, fps: float | None) -> Record:
    """The record with ``fps`` for its lists of images that have no times."""
    if fps is None:
        return record
    media = tuple(replace(m, fps=fps) if m.frames and not m.has_times else m for m in record.media)
    return replace(record, media=media)
