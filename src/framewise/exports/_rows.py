"""Rows of data: written in the layouts that trainers share, and read back as each trainer would."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import Row, read_json, read_rows
from framewise._plugins import load_plugin
from framewise.exports._exporter import Sample, Seen, Served
from framewise.records import Record

_T = TypeVar("_T")


def layout_row(record: Record, layout: str) -> Row:
    """The record in one of the layouts of records."""
    row: Row = load_plugin("formats", layout)().write(record)
    return row


def qwen_row(sample: Sample) -> Row:
    """The layout of both trainers for Qwen alone: roles ``human`` and ``gpt``, media under singular keys."""
    said = layout_row(sample.record, "sharegpt")
    media = {key.removesuffix("s"): said[key] for key in ("videos", "images") if key in said}
    return {"id": said["id"], "conversations": said["conversations"], **media}


def data_rows(path: Path) -> Iterator[Row]:
    """Rows of a .jsonl file, or of a .json file with one array.

    Raises:
        UsageError: The file is missing or malformed.
    """
    if not path.is_file():
        raise UsageError(f"{path} is missing: export again")
    rows = read_rows(path) if path.suffix == ".jsonl" else read_json(path)
    if path.suffix == ".json" and not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise UsageError(f"{path} must hold an array of objects")
    yield from rows


def serve(record_id: Any, videos: Iterable[tuple[str, _T]], see: Callable[[str, _T], Seen]) -> Served:
    """A row with what the trainer sees of each of its videos; what goes wrong is the row's fault.

    Args:
        record_id: As the row says.
        videos: Path of each video, and what the row says of it; lazy, so that a malformed row fails here.
        see: Called with both.
    """
    name = str(record_id)
    try:
        return Served(record_id=name, videos=tuple((path, see(path, said)) for path, said in videos))
    except FramewiseError as error:
        return Served(record_id=name, fault=str(error))
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        # Keys, types and values of a row that was changed by hand.
        return Served(record_id=name, fault=f"the row is malformed: {type(error).__name__}: {error}")


def each(paths: Any, said: _T) -> Iterator[tuple[str, _T]]:
    """A path, a list of paths or none, each with what the row says of it."""
    for path in [paths] if isinstance(paths, str) else paths or []:
        yield path, said
