"""Rows of JSON by key, on disk: what they take in memory does not grow with their number."""

import json
import sqlite3
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar, overload

from framewise._errors import FramewiseError
from framewise._jsonl import Row

_K = TypeVar("_K")
_V = TypeVar("_V")
_CACHE_MIB = 16
_FETCHED = 256
"""Rows that are fetched at once."""


class KeyedRows(Mapping[_K, _V]):
    """A mapping that is filled once: read by key, in the order of the rows, or in that of the keys.

    It is a temporary base of SQLite's (in ``SQLITE_TMPDIR``, ``TMPDIR`` or ``/var/tmp``), a file without a name, so
    nothing is left after a kill.

    Args:
        items: Pairs of a key, which is a text or a tuple of texts and whole numbers below 2^63, and its row.
        read: Makes the value out of a row.
        on_repeated: Called with the number, from 1, of the first row whose key an earlier row has, and the key; it
            raises. None: the later row counts.

    Raises:
        FramewiseError: There is no room on the disk.
    """

    def __init__(
        self,
        items: Iterable[tuple[_K, Row]],
        read: Callable[[Row], _V],
        *,
        on_repeated: Callable[[int, _K], None] | None = None,
    ) -> None:
        self._read = read
        # Helpers of an allocator may read in their own threads; SQLite lets one in at a time.
        self._base = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._base.close)
        self._base.execute(f"PRAGMA cache_size = {-1024 * _CACHE_MIB}")
        try:
            self._keys = self._fill(iter(items))
            self._make_index(on_repeated)
        except sqlite3.OperationalError as error:
            raise FramewiseError(
                f"a temporary table cannot be written ({error}): free some room, or name another folder with TMPDIR"
            ) from error
        self._where = " AND ".join(f"{name} = ?" for name in self._keys.split(", "))
        self._len: int = self._base.execute("SELECT count(*) FROM rows").fetchone()[0]

    def __getitem__(self, key: _K) -> _V:
        found = self._find("value", key)
        if found is None:
            raise KeyError(key)
        return self._value(found)

    def __contains__(self, key: Any) -> bool:
        return self._find("1", key) is not None

    def __iter__(self) -> Iterator[_K]:
        for parts in self._select(f"SELECT {self._keys} FROM rows ORDER BY number"):
            yield _decode(parts)

    def __len__(self) -> int:
        return self._len

    def in_row_order(self) -> Iterator[_V]:
        """The values in the order of the rows."""
        return map(self._value, self._select("SELECT value FROM rows ORDER BY number"))

    def sorted(self) -> "SortedRows[_V]":
        """The values in the order of their keys, which is Python's."""
        return SortedRows(self)

    def is_sorted(self) -> bool:
        """Whether the rows stand in the order of their keys."""
        numbers = self.sorted()._numbers
        return all(a < b for a, b in pairwise(numbers))

    def _fill(self, items: Iterator[tuple[_K, Row]]) -> str:
        """Write the rows; the names of the parts of a key."""
        first = next(items, None)
        parts = [f"key{i}" for i in range(len(_encode(first[0])) if first else 1)]
        self._base.execute(f"CREATE TABLE rows (number INTEGER PRIMARY KEY, value, {', '.join(parts)})")
        if first is not None:
            statement = f"INSERT INTO rows (value, {', '.join(parts)}) VALUES (?{', ?' * len(parts)})"
            self._base.execute("BEGIN")
            self._base.execute(statement, _line(first))
            self._base.executemany(statement, map(_line, items))
            self._base.execute("COMMIT")
        return ", ".join(parts)

    def _make_index(self, on_repeated: Callable[[int, _K], None] | None) -> None:
        statement = f"CREATE UNIQUE INDEX by_key ON rows ({self._keys})"
        try:
            self._base.execute(statement)
        except sqlite3.IntegrityError:
            which = (
                f"(SELECT {'max' if on_repeated is None else 'min'}(number) FROM rows GROUP BY {self._keys})"
            )
            if on_repeated is not None:
                select = f"SELECT number, {self._keys} FROM rows WHERE number NOT IN {which} ORDER BY number"
                number, *parts = self._base.execute(select).fetchone()
                on_repeated(number, _decode(parts))
            self._base.execute(f"DELETE FROM rows WHERE number NOT IN {which}")
            self._base.execute(statement)

    def _find(self, what: str, key: Any) -> Any:
        if not self._len:  # Without rows nobody knows of how many parts a key is.
            return None
        return self._base.execute(f"SELECT {what} FROM rows WHERE {self._where}", _encode(key)).fetchone()

    def _select(self, statement: str) -> Iterator[Any]:
        found = self._base.execute(statement)
        while rows := found.fetchmany(_FETCHED):
            yield from rows

    def _value(self, found: Sequence[Any]) -> _V:
        return self._read(json.loads(found[0]))


class SortedRows(Sequence[_V]):
    """The values of ``KeyedRows`` in the order of their keys."""

    def __init__(self, rows: KeyedRows[Any, _V]) -> None:
        self._rows = rows

    @cached_property
    def _numbers(self) -> "array[int]":
        found = self._rows._select(f"SELECT number FROM rows ORDER BY {self._rows._keys}")
        return array("q", (number for (number,) in found))

    def __iter__(self) -> Iterator[_V]:
        rows = self._rows
        return map(rows._value, rows._select(f"SELECT value FROM rows ORDER BY {rows._keys}"))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> _V: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_V]: ...
    def __getitem__(self, index: int | slice) -> _V | Sequence[_V]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        statement = "SELECT value FROM rows WHERE number = ?"
        return self._rows._value(self._rows._base.execute(statement, (self._numbers[index],)).fetchone())


class Spool:
    """Rows that are appended and read again in their order, in a temporary file without a name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it lasts as long as this object)
        weakref.finalize(self, self._file.close)
        self._len = 0

    def append(self, row: Row) -> None:
        """Add a row."""
        self._file.write(json.dumps(row).encode() + b"\n")
        self._len += 1

    def __iter__(self) -> Iterator[Row]:
        self._file.seek(0)
        yield from map(json.loads, self._file)
        self._file.seek(0, 2)

    def __len__(self) -> int:
        return self._len


def _line(item: tuple[Any, Row]) -> tuple[Any, ...]:
    return json.dumps(item[1]), *_encode(item[0])


def _encode(key: Any) -> tuple[Any, ...]:
    """Texts as bytes, which keep their order and may be file names that are not UTF-8."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts)


def _decode(parts: Sequence[Any]) -> Any:
    found = tuple(
        part.decode("utf-8", "surrogatepass") if isinstance(part, bytes) else part for part in parts
    )
    return found if len(found) > 1 else found[0]
