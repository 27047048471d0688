"""VLMEvalKit's tables of replies, cell by cell as text."""

import ast
import csv
import json
import math
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import read_json

CELL_LIMIT = 32_767
"""Characters that a cell of a spreadsheet holds at most; the tool's writer cuts what is longer."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"\d+\.0")


def read_table(file: Path) -> list[dict[str, Any]]:
    """The rows of a table: texts, numbers of spreadsheets and JSON as they are, None for empty cells of those.

    Raises:
        UsageError: The file is not what its name says, or ends too early; the message names it.
    """
    if file.suffix == ".json":
        return _from_json(file)
    if file.suffix == ".xlsx":
        return _from_spreadsheet(file)
    return _from_tsv(file)


def as_text(value: Any) -> str:
    """A cell as text; empty where there is nothing.

    >>> as_text(float("nan")), as_text(5.0), as_text(True)
    ('', '5', 'True')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_key(value: Any) -> str:
    """A cell that numbers a row; pandas writes whole numbers with a point where a cell of the column is empty.

    >>> as_key("12.0"), as_key("a1")
    ('12', 'a1')
    """
    text = as_text(value)
    return text[:-2] if _WHOLE.fullmatch(text) else text


def as_list(value: Any) -> list[str]:
    """A cell that holds a list, in JSON's or Python's way of writing.

    Raises:
        ValueError: It holds something else.
    """
    if isinstance(value, list):
        return [str(part) for part in value]
    text = as_text(value)
    if not text:
        return []
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(f"is no list: {text[:80]!r}") from error
    if not isinstance(found, list | tuple):
        raise ValueError(f"is no list: {text[:80]!r}")
    return [str(part) for part in found]


def _from_json(file: Path) -> list[dict[str, Any]]:
    rows = read_json(file)
    if isinstance(rows, dict) and {"columns", "data"} <= rows.keys():
        rows = [dict(zip(rows["columns"], values, strict=False)) for values in rows["data"]]
    elif isinstance(rows, dict) and all(isinstance(column, list) for column in rows.values()):
        if len({len(column) for column in rows.values()}) > 1:
            raise UsageError(f"{file}: the columns have different lengths")
        rows = [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{file}: expected a list of rows")
    return rows


@contextmanager
def _long_fields() -> Iterator[None]:
    """Replies may be longer than the 131,072 characters that csv takes by itself."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _from_tsv(file: Path) -> list[dict[str, Any]]:
    try:
        with _long_fields(), file.open(encoding="utf-8-sig", newline="") as stream:
            head, *lines = [line for line in csv.reader(stream, delimiter="\t", strict=True) if line] or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a table of tab-separated values: {error}") from error
    for number, line in enumerate(lines, start=1):
        if len(line) != len(head):
            raise UsageError(f"{file}: row {number} has {len(line)} cells, the head has {len(head)}")
    return [dict(zip(head, line, strict=True)) for line in lines]


def _from_spreadsheet(file: Path) -> list[dict[str, Any]]:
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise UsageError(f"{file} is a spreadsheet: pip install 'framewise[xlsx]' to read it") from error
    import zlib
    from xml.etree.ElementTree import ParseError
    from zipfile import BadZipFile

    try:
        # Without data_only a reply that begins with "=" is itself and not what a formula would give.
        book = load_workbook(file, read_only=True)
        try:
            lines = (
                [] if book.active is None else [[_cell(cell) for cell in line] for line in book.active.values]
            )
        finally:
            book.close()
    except (
        InvalidFileException, BadZipFile, zlib.error, ParseError, EOFError, KeyError, ValueError, OSError
    ) as error:  # fmt: skip
        raise UsageError(f"{file}: not a spreadsheet, or a part of one: {error}") from error
    head = [as_text(cell) for cell in lines[0]] if lines else []
    return [
        dict(zip(head, line, strict=False)) for line in lines[1:] if any(cell is not None for cell in line)
    ]


def _cell(value: Any) -> Any:
    """Texts without the escapes that stand for control characters; the text of a formula."""
    value = getattr(value, "text", value)
    if not isinstance(value, str):
        return value
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
