"""JSON files that survive a kill: whole files by rename, JSONL by append with repair of a torn last line."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from framewise._errors import UsageError

Row = dict[str, Any]
PART = ".part"
"""End of the name of a file that is being written."""


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` so that a reader sees the old file or the new one, never a part."""
    _replace(path, [_dump(value, indent=2), "\n"])


def read_json(path: Path) -> Any:
    """Parse one JSON file.

    Raises:
        UsageError: It is not JSON; the message names the file.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{path}: not JSON: {error}") from error


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSONL file in one of this package's formats; a missing file has none.

    Raises:
        UsageError: A line is not a JSON object; the message names file and line.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _parse(line, f"{path}:{number}")


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write a whole JSONL file so that a reader sees the old file or the new one, never a part."""
    _replace(path, (_dump(row) + "\n" for row in rows))


class RowWriter:
    """Appends rows to a JSONL file, each handed to the operating system before the next begins.

    Opening cuts a last line that a kill or a full disk left unfinished, so what is in the file is always
    whole rows.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _cut_torn_line(path)
        # Unbuffered: after a full disk nothing is left that closing would try to write once more.
        self._file = path.open("ab", buffering=0)

    def write(self, row: Row) -> None:
        """Append one row."""
        rest = memoryview((_dump(row) + "\n").encode())
        while rest:
            rest = rest[self._file.write(rest) :]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _parse(line: bytes, place: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UsageError(f"{place}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise UsageError(f"{place}: a row is a JSON object, found {type(row).__name__}")
    return row


def _replace(path: Path, texts: Iterable[str]) -> None:
    temporary = path.with_name(path.name + PART)
    with temporary.open("w", encoding="utf-8") as file:
        file.writelines(texts)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _dump(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # A lone surrogate (a file name that is not UTF-8) has no UTF-8 form; JSON's escapes have one.
    return text if _encodes(text) else json.dumps(value, indent=indent)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cut_torn_line(path: Path, chunk: int = 1 << 16) -> None:
    with path.open("rb+") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - chunk)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != size:
            file.truncate(end)
