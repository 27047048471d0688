"""Rows into JSON, JSONL and parquet files, whole or not at all."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from framewise._errors import UsageError
from framewise._jsonl import Row

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 1024


def write_dataset(path: Path, rows: Iterable[Row]) -> int:
    """Write a stream of rows in the file type that the suffix names.

    A reader sees the old file or the whole new one.

    Returns:
        The number of rows.

    Raises:
        UsageError: The suffix is unknown, or a parquet column would hold values of different types.
    """
    write = WRITERS[checked_suffix(path)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with _replaced(path) as temporary:
        return write(temporary, rows)


def checked_suffix(path: Path) -> str:
    """The suffix of a file that rows are written to, in lower case.

    Raises:
        UsageError: It is not one that can be written.
    """
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f"{path} has the suffix {path.suffix!r}: {', '.join(WRITERS)} files are written")
    return path.suffix.lower()


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    temporary = path.with_name(path.name + ".part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_jsonl(path: Path, rows: Iterable[Row]) -> int:
    with path.open("w", encoding="utf-8") as file:
        return _flushed(file, _dump_lines(file, rows))


def _write_json(path: Path, rows: Iterable[Row]) -> int:
    num_rows = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(("[\n" if num_rows == 0 else ",\n") + json.dumps(row, ensure_ascii=False))
            num_rows += 1
        file.write("\n]\n" if num_rows else "[]\n")
        return _flushed(file, num_rows)


def _write_parquet(path: Path, rows: Iterable[Row]) -> int:
    """Two passes through a spool beside the file: the columns are known only when every row was seen."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryFile("w+", encoding="utf-8", dir=path.parent) as spool:
        num_rows = _dump_lines(spool, rows)
        try:
            schemas = [_schema(batch) for batch in _load_batches(spool)] or [pa.schema([])]
            schema = pa.unify_schemas(schemas, promote_options="permissive")
            with pq.ParquetWriter(path, schema) as writer:
                for batch in _load_batches(spool):
                    writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise UsageError(
                f"parquet needs one type a column: {error}. Write .jsonl or .json instead"
            ) from error
    return num_rows


def _schema(batch: list[Row]) -> "pa.Schema":
    """Names and types of all columns; pyarrow's own inference looks at the keys of the first row alone."""
    import pyarrow as pa

    columns = {key: None for row in batch for key in row}
    return pa.schema([(key, pa.array([row.get(key) for row in batch]).type) for key in columns])


def _load_batches(spool: IO[str]) -> Iterator[list[Any]]:
    spool.seek(0)
    while batch := [json.loads(line) for line in islice(spool, _BATCH)]:
        yield batch


def _dump_lines(file: IO[str], rows: Iterable[Row]) -> int:
    num_rows = 0
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        num_rows += 1
    return num_rows


def _flushed(file: IO[str], num_rows: int) -> int:
    file.flush()
    os.fsync(file.fileno())
    return num_rows


WRITERS: dict[str, Callable[[Path, Iterable[Row]], int]] = {
    ".json": _write_json,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
"""How each suffix is written."""
