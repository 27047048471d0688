"""Rows of JSON, JSONL and parquet files as streams, each with the line that it stands on."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise.records._json_array import read_array

_BATCH = 256


@dataclass(frozen=True)
class RawRow:
    """One row, or why there is none."""

    line: int
    """Counted from 1; in parquet the number of the row."""
    value: Any = None
    fault: str = ""
    """What is wrong with the line; empty where it holds a value."""


def record_files(path: Path) -> list[Path]:
    """The files of rows at ``path``: itself, or all below a folder, sorted; hidden ones are left out.

    Raises:
        UsageError: There is no such path, or no file with a known suffix.
    """
    allowed = f"{', '.join(READERS)} files are read"
    if not path.exists():
        raise UsageError(f"{path} does not exist: give a file or a folder of records ({allowed})")
    if path.is_file():
        if path.suffix.lower() not in READERS:
            raise UsageError(f"{path} has the suffix {path.suffix!r}: {allowed}")
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in READERS and p.is_file())
    found = [p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts)]
    if not found:
        raise UsageError(f"{path} holds no file of records: {allowed}")
    return found


def record_inputs(path: Path, role: str = "records") -> dict[str, Path]:
    """The files of rows at ``path`` as inputs of a run, by role and place below the folder that ``path`` is in.

    Of a folder of records only these count: it may hold terabytes of videos as well.

    Raises:
        UsageError: As in ``record_files``.
    """
    return {f"{role}/{file.relative_to(path.parent).as_posix()}": file for file in record_files(path)}


def check_outside(output: Path, records: Path) -> None:
    """Check that an output is not written among the files that it is made from.

    Raises:
        UsageError: ``records`` is a folder and ``output`` lies in it, where the next reading would find it.
    """
    if records.is_dir() and output.resolve().is_relative_to(records.resolve()):
        raise UsageError(
            f"{output} lies in the folder of records {records}, which is read as a whole: choose another -o"
        )


def read_raw_rows(file: Path) -> Iterator[RawRow]:
    """Yield the rows of one file.

    Raises:
        UsageError: The file as a whole cannot be read.
    """
    return READERS[file.suffix.lower()](file)


def _read_json(file: Path) -> Iterator[RawRow]:
    return (RawRow(line, value) for line, value in read_array(file))


def _read_jsonl(file: Path) -> Iterator[RawRow]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                yield RawRow(number, json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8")))
            except (ValueError, RecursionError) as error:
                yield RawRow(number, fault=f"not valid JSON: {error}")


def _read_parquet(file: Path) -> Iterator[RawRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as table:
            number = 0
            for batch in table.iter_batches(batch_size=_BATCH):
                for value in batch.to_pylist():
                    number += 1
                    yield RawRow(number, value)
    except (pa.ArrowInvalid, OSError) as error:
        raise UsageError(f"{file} cannot be read as parquet: {error}") from error


READERS: dict[str, Callable[[Path], Iterator[RawRow]]] = {
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
"""How each suffix is read."""
