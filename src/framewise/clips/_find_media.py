"""Which media files a dataset or a folder holds."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from framewise._errors import UsageError
from framewise.clips._image import IMAGE_SUFFIXES
from framewise.records import BadRow, MediaKind, default_media_root, read_records, record_files

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".3gp", ".ogv"}
)


@dataclass(frozen=True, kw_only=True)
class FoundMedia:
    """Distinct media files."""

    root: Path
    kinds: dict[str, MediaKind]
    """Kind of each by its path relative to the root, sorted by path."""
    record_files: dict[str, Path]
    """The files of records that name them, by role; empty for a folder of media."""
    bad_rows: tuple[BadRow, ...] = ()

    def sha256(self) -> str:
        """Changes when a file comes, goes or changes its size."""
        result = hashlib.sha256()
        for path, kind in self.kinds.items():
            file = self.root / path
            size = file.stat().st_size if file.is_file() else -1
            result.update(f"{kind} {size} ".encode() + os.fsencode(path) + b"\0")
        return result.hexdigest()


def find_media(source: Path, *, media_root: Path | None = None, format: str | None = None) -> FoundMedia:  # noqa: A002
    """The media that records name, or those in a folder.

    A folder is one of media where any file in it has the suffix of a video or an image, otherwise one of
    records.

    Raises:
        UsageError: There are none, or the records cannot be read.
    """
    if not source.exists():
        raise UsageError(f"{source} does not exist: give records or a folder of media")
    root = media_root or default_media_root(source)
    kinds = _in_folder(source, root) if source.is_dir() else {}
    if kinds:
        return FoundMedia(root=root, kinds=dict(sorted(kinds.items())), record_files={})
    bad: list[BadRow] = []
    for record in read_records(source, format=format, media_root=media_root, on_bad=bad.append):
        kinds.update({m.path: m.kind for m in record.media if m.path not in kinds})
    if not kinds:
        first = f"; the first of {len(bad)} bad rows: {bad[0]}" if bad else ""
        raise UsageError(f"{source} names no media{first}")
    files = record_files(source)
    roles = {"records" if file == source else f"records/{file.relative_to(source)}": file for file in files}
    return FoundMedia(root=root, kinds=dict(sorted(kinds.items())), record_files=roles, bad_rows=tuple(bad))


def _in_folder(folder: Path, root: Path) -> dict[str, MediaKind]:
    kinds: dict[Path, MediaKind] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            suffix = Path(name).suffix.lower()
            if not name.startswith(".") and suffix in VIDEO_SUFFIXES | IMAGE_SUFFIXES:
                kinds[Path(place, name)] = "video" if suffix in VIDEO_SUFFIXES else "image"
    if kinds and not folder.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{folder} is not in the media root {root}")
    return {_below_root(folder, file, root): kind for file, kind in kinds.items()}


def _below_root(folder: Path, file: Path, root: Path) -> str:
    """The place of ``file`` below the root; links below the folder keep their names."""
    return (folder.resolve().relative_to(root.resolve()) / file.relative_to(folder)).as_posix()
