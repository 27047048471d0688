"""Rows of tables, and the images in their cells: parquet, and tab-separated files with base64."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framewise._errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 64 << 20
"""Bytes read at once of a tab-separated file: a row with its image must fit."""
_REFERENCE = 64
"""Longest text in an image cell that is another row's index, not an image."""


def table_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table without its images.

    Raises:
        UsageError: The file is no such table.
    """
    for batch in _batches(path, [name for name in _columns(path) if name != "image"]):
        yield from batch.to_pylist()


def table_images(path: Path, wanted: Mapping[int, Path]) -> None:
    """Write the images of some rows; a cell that holds none gives no file.

    Args:
        path: The table.
        wanted: Where to write the image of each row, by the row's number from 0.

    Raises:
        UsageError: The file is no such table.
    """
    references: dict[str, list[Path]] = {}
    for number, _, cell in _cells(path):
        if number not in wanted:
            continue
        if isinstance(cell, str) and 0 < len(cell) <= _REFERENCE:
            references.setdefault(cell, []).append(wanted[number])
        else:
            _write([wanted[number]], cell)
    for _, index, cell in _cells(path) if references else ():
        _write(references.get(str(index), ()), cell)


def _cells(path: Path) -> Iterator[tuple[int, Any, Any]]:
    """Number, index and image cell of every row."""
    number = 0
    names = [name for name in _columns(path) if name in ("index", "image")]
    for batch in _batches(path, names):
        for row in batch.to_pylist():
            yield number, row.get("index"), row.get("image")
            number += 1


def _write(targets: Sequence[Path], cell: Any) -> None:
    content = _image(cell) if targets else None
    for target in targets if content else ():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        part.write_bytes(content or b"")
        part.replace(target)


def _image(cell: Any) -> bytes | None:
    """The bytes in a cell; None where it holds none."""
    if not isinstance(cell, str):
        return cell["bytes"] if isinstance(cell, dict) else None
    try:
        return base64.b64decode(cell, validate=True)
    except binascii.Error:
        return None


def _columns(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix == ".tsv":
        with path.open(encoding="utf-8") as file:
            return [name.strip('"') for name in file.readline().rstrip("\r\n").split("\t")]
    try:
        names: list[str] = pq.read_schema(path).names
    except pa.ArrowInvalid as error:
        raise UsageError(f"{path} is no parquet file: {error}") from error
    return names


def _batches(path: Path, names: Sequence[str]) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    try:
        if path.suffix != ".tsv":
            with pq.ParquetFile(path) as table:
                yield from table.iter_batches(batch_size=64, columns=list(names))
            return
        with pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(delimiter="\t", newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(names),
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        ) as table:
            yield from table
    except pa.ArrowInvalid as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
