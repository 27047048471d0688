"""A JSON file of rows, read as a stream: a few MiB of memory whatever the file's size."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from framewise._errors import UsageError

_CHUNK = 1 << 20
_LONGEST_ROW = 1 << 26
_BLANKS = " \t\r\n"
_LONGEST_WORD = 16
"""No literal, number sign or escape that the end of a chunk can cut is longer than this."""


def read_array(file: Path) -> Iterator[tuple[int, Any]]:
    """Yield the line and the value of every element of a JSON array, or of JSON objects one after the other.

    Raises:
        UsageError: The file is not valid JSON (the message names the line) or not a list of rows.
    """
    with file.open(encoding="utf-8-sig") as stream:
        try:
            yield from _Window(file, stream).elements()
        except UnicodeDecodeError as error:
            raise UsageError(f"{file} is not UTF-8 text: {error}") from error


class _Window:
    """The part of the file that is in memory."""

    def __init__(self, file: Path, stream: TextIO) -> None:
        self._file, self._stream = file, stream
        self._text, self._at, self._line = "", 0, 1
        self._ended = False
        self._decoder = json.JSONDecoder()

    def elements(self) -> Iterator[tuple[int, Any]]:
        first = self._peek()
        if first not in ("[", "{"):
            raise self._fault("a JSON file of rows begins with [ or {", first)
        closing = "]" if first == "[" else ""
        self._at += len(closing)
        while (head := self._peek()) not in (closing, ""):
            line = self._line
            yield line, self._value()
            if closing:
                self._comma()
        if head != closing:
            raise self._fault("the array is not closed", head)
        self._at += len(closing)
        if self._peek():
            raise self._fault("nothing may follow the rows", self._peek())

    def _comma(self) -> None:
        after = self._peek()
        if after == ",":
            self._at += 1
            if self._peek() == "]":
                raise self._fault("a row must follow a comma", "]")
        elif after not in ("]", ""):
            raise self._fault("a comma must stand between rows", after)

    def _peek(self) -> str:
        """The next character that is not blank; empty at the end of the file."""
        while True:
            start = self._at
            while self._at < len(self._text) and self._text[self._at] in _BLANKS:
                self._at += 1
            self._line += self._text.count("\n", start, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> Any:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                unfinished = (
                    error.msg.startswith("Unterminated") or error.pos > len(self._text) - _LONGEST_WORD
                )
                line = self._line + self._text.count("\n", self._at, error.pos)
                if not unfinished or len(self._text) - self._at > _LONGEST_ROW or not self._more():
                    raise UsageError(f"{self._file}:{line}: not valid JSON: {error.msg}") from error
                continue
            except (RecursionError, ValueError) as error:
                raise UsageError(f"{self._file}:{self._line}: not a row: {error}") from error
            whole = self._text[end - 1] in '}]"' or end <= len(self._text) - _LONGEST_WORD
            length = end - self._at
            if whole or not self._more():
                self._line += self._text.count("\n", self._at, self._at + length)
                self._at += length
                return value

    def _more(self) -> bool:
        """Read on, in steps that double with what is unread; False at the end of the file."""
        rest = self._text[self._at :]
        read = self._stream.read(max(_CHUNK, len(rest)))
        self._text, self._at = rest + read, 0
        return bool(read)

    def _fault(self, rule: str, found: str) -> UsageError:
        return UsageError(
            f"{self._file}:{self._line}: not valid JSON: {rule}, found {repr(found) if found else 'the end'}"
        )
