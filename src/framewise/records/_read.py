"""Records out of files in any known layout."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from framewise._errors import UsageError
from framewise._plugins import load_plugin, plugin_names
from framewise.records._format import Format
from framewise.records._identity import Identities, content_id, without_nulls
from framewise.records._media import is_there, relative_media
from framewise.records._medium import Media
from framewise.records._record import Record
from framewise.records._rows import RawRow, read_raw_rows, record_files

_KEPT_PATHS = 1 << 14
"""Checked paths that are remembered: many rows are about one video."""


@dataclass(frozen=True)
class BadRow:
    """A row that is no usable record."""

    file: str
    line: int
    """Line in the file, counted from 1; in parquet the number of the row."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class PlacedRecord:
    """A record and where it stands."""

    record: Record
    file: str
    line: int


def read_records(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002
    media_root: Path | None = None,
    require_media: bool = False,
    on_bad: Callable[[BadRow], None] | None = None,
) -> Iterator[Record]:
    """Read a dataset as a stream.

    Args:
        path: A .json (array), .jsonl or .parquet file, or a folder of such files, read in the order of
            their names.
        format: Name of the layout; None: each row's layout is found out from its keys.
        media_root: Folder that media paths are relative to and may not leave; None: the folder itself, or
            the one that the file lies in.
        require_media: Whether a record whose media files do not exist is a bad row.
        on_bad: Called with every bad row (a broken line, more markers than media, a path outside the root,
            a row that repeats an earlier one, ...), which is then left out; None: the first one is an
            error.

    Returns:
        The records, each with an id of its own: a row without one is named by the sha256 of its content.
        The source is the row's own, or the sub-folder's name, or the file's name without suffix.

    Raises:
        UsageError: There is nothing to read at ``path``, or no format of that name; while reading: a file
            is in no known layout or broken as a whole, or a row is bad and ``on_bad`` is None.
    """
    placed = read_placed(
        path, format=format, media_root=media_root, require_media=require_media, on_bad=on_bad
    )
    return (found.record for found in placed)


def read_placed(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002
    media_root: Path | None = None,
    require_media: bool = False,
    on_bad: Callable[[BadRow], None] | None = None,
) -> Iterator[PlacedRecord]:
    """Like ``read_records``, with the file and line of every record.

    Raises:
        UsageError: See ``read_records``.
    """
    files = record_files(path)
    names = [format] if format is not None else plugin_names("formats")
    formats: dict[str, Format] = {name: load_plugin("formats", name)() for name in names}
    root = media_root or default_media_root(path)
    if not root.is_dir():
        raise UsageError(f"the media root {root} is not a folder")
    reader = _Reader(formats, root, require_media, on_bad or _refuse)
    return (found for file in files for found in reader.read(file, _default_source(path, file)))


def default_media_root(path: Path) -> Path:
    """The folder that media paths are relative to where nobody says."""
    return path if path.is_dir() else path.parent


class _Reader:
    """Turns raw rows into records; ids are unique over all files that it reads."""

    def __init__(
        self, formats: dict[str, Format], root: Path, require_media: bool, on_bad: Callable[[BadRow], None]
    ) -> None:
        self._formats, self._root, self._require_media, self._on_bad = formats, root, require_media, on_bad
        self._identities = Identities()
        self._relative = lru_cache(_KEPT_PATHS)(partial(relative_media, root))

    def read(self, file: Path, source: str) -> Iterator[PlacedRecord]:
        layout_known = len(self._formats) == 1
        for raw in read_raw_rows(file):
            try:
                row = _object(raw)
                layout = self._layout(row)
                if layout is None and not layout_known:
                    raise UsageError(f"{file}:{raw.line}: {self._unknown(row)}")
                layout_known = True
                yield PlacedRecord(self._record(layout, row, source), str(file), raw.line)
            except ValueError as error:
                self._on_bad(BadRow(str(file), raw.line, str(error)))

    def _layout(self, row: dict[str, Any]) -> Format | None:
        if len(self._formats) == 1:
            return next(iter(self._formats.values()))
        found = [name for name, layout in self._formats.items() if layout.recognises(row)]
        if len(found) > 1:
            raise ValueError(f"the row could be of layout {' or '.join(found)}: name one with --format")
        return self._formats[found[0]] if found else None

    def _record(self, layout: Format | None, row: dict[str, Any], source: str) -> Record:
        if layout is None:
            raise ValueError(self._unknown(row))
        content = content_id(row)
        record = layout.read(row, default_id=content[:16], source=source)
        try:
            media = tuple(self._below_root(m) for m in record.media)
        except UsageError as error:
            raise ValueError(str(error)) from error
        missing = [p for m in media if self._require_media for p in m.files if not is_there(self._root, m, p)]
        if missing:
            raise ValueError(f"media missing under {self._root}: {', '.join(missing)}")
        name = self._identities.assign(record.id, content)
        # Nothing is checked again where nothing changes, as in most datasets.
        return record if (name, media) == (record.id, record.media) else replace(record, id=name, media=media)

    def _below_root(self, media: Media) -> Media:
        if media.frames:
            return replace(media, frames=tuple(map(self._relative, media.frames)))
        path = self._relative(media.path)
        return media if path == media.path else replace(media, path=path)

    def _unknown(self, row: dict[str, Any]) -> str:
        keys = ", ".join(sorted(map(str, row))) or "none"
        return f"the row is of no known layout ({', '.join(self._formats)}): its keys are {keys}"


def _object(raw: RawRow) -> dict[str, Any]:
    if raw.fault:
        raise ValueError(raw.fault)
    if not isinstance(raw.value, dict):
        raise ValueError(f"a row must be an object, found {type(raw.value).__name__}")
    row: dict[str, Any] = without_nulls(raw.value)
    return row


def _default_source(path: Path, file: Path) -> str:
    return file.stem if file.parent == path or file == path else file.parent.name


def _refuse(bad: BadRow) -> None:
    raise UsageError(f"{bad}. Mend the line, or leave bad rows out with a command that counts them")
