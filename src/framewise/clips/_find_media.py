"""Which media files a dataset or a folder holds."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from framewise._errors import UsageError
from framewise.clips._image import IMAGE_SUFFIXES, is_animated
from framewise.clips._image_times import TIMES_FILE, image_names
from framewise.records import BadRow, Media, default_media_root, read_placed, record_files

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".3gp", ".ogv"}
)


@dataclass(frozen=True, kw_only=True)
class FoundMedia:
    """Distinct media."""

    root: Path
    media: dict[str, Media]
    """Each by its path, sorted by path; windows of records are left out."""
    record_files: dict[str, Path]
    """The files of records that name them, by role; empty for a folder of media."""
    bad_rows: tuple[BadRow, ...] = ()

    def sha256(self) -> str:
        """Changes when a file comes, goes or changes its size, or when images get other times."""
        result = hashlib.sha256()
        for path, medium in self.media.items():
            sizes = ",".join(str(_size(file)) for file in _files(self.root, medium))
            result.update(f"{medium.kind} {sizes} {medium.fps} {medium.times_seconds} ".encode())
            result.update(os.fsencode(path) + b"\0")
        return result.hexdigest()


def find_media(source: Path, *, media_root: Path | None = None, format: str | None = None) -> FoundMedia:  # noqa: A002
    """The media that records name, or those in a folder.

    A folder is one of media where any file in it has the suffix of a video or an image, otherwise one of
    records. In a folder of media, one with images and a ``times.json`` is a video.

    Raises:
        UsageError: There are none, or the records cannot be read.
    """
    if not source.exists():
        raise UsageError(f"{source} does not exist: give records or a folder of media")
    root = media_root or default_media_root(source)
    media = _in_folder(source, root) if source.is_dir() else {}
    if media:
        return FoundMedia(root=root, media=dict(sorted(media.items())), record_files={})
    bad: list[BadRow] = []
    media = _in_records(source, media_root, format, bad)
    if not media:
        first = f"; the first of {len(bad)} bad rows: {bad[0]}" if bad else ""
        raise UsageError(f"{source} names no media{first}")
    files = record_files(source)
    roles = {"records" if file == source else f"records/{file.relative_to(source)}": file for file in files}
    return FoundMedia(root=root, media=dict(sorted(media.items())), record_files=roles, bad_rows=tuple(bad))


def _in_records(
    source: Path, media_root: Path | None, layout: str | None, bad: list[BadRow]
) -> dict[str, Media]:
    media: dict[str, Media] = {}
    for found in read_placed(source, format=layout, media_root=media_root, on_bad=bad.append):
        for named in found.record.media:
            whole = replace(named, start_seconds=None, end_seconds=None)
            if media.setdefault(named.path, whole) != whole:
                reason = f"{named.path} has another kind or other times than in an earlier record"
                bad.append(BadRow(found.file, found.line, reason))
    return media


def _in_folder(folder: Path, root: Path) -> dict[str, Media]:
    found = list(_walk(folder))
    if found and not folder.resolve().is_relative_to(root.resolve()):
        raise UsageError(f"{folder} is not in the media root {root}")
    media = [Media(kind=medium.kind, path=_below_root(folder, medium.path, root)) for medium in found]
    if any(medium.path == "." for medium in media):
        raise UsageError(f"{folder} is itself a video of images: give the folder above it, or --media-root")
    return {medium.path: medium for medium in media}


def _walk(folder: Path) -> Iterator[Media]:
    """Media below a folder, their paths relative to it."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        inside = [name for name in names if Path(name).suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES]
        inside = [name for name in inside if not name.startswith(".")]
        is_video = TIMES_FILE in names and any(Path(name).suffix.lower() in IMAGE_SUFFIXES for name in inside)
        folders[:] = [] if is_video else sorted(name for name in folders if not name.startswith("."))
        if is_video or (here.suffix.lower() in VIDEO_SUFFIXES and not (inside or folders) and here != folder):
            yield Media(kind="video", path=here.relative_to(folder).as_posix())
            continue
        for name in inside:
            is_image = Path(name).suffix.lower() in IMAGE_SUFFIXES and not is_animated(here / name)
            yield Media(
                kind="image" if is_image else "video", path=(here / name).relative_to(folder).as_posix()
            )


def _below_root(folder: Path, path: str, root: Path) -> str:
    """The place of a medium of ``folder`` below the root; links below the folder keep their names."""
    return (folder.resolve().relative_to(root.resolve()) / path).as_posix()


def _files(root: Path, media: Media) -> list[Path]:
    path = root / media.path
    if media.kind == "video" and not media.frames and os.path.isdir(path):
        return [path / name for name in (*image_names(path), TIMES_FILE)]
    return [root / file for file in media.files]


def _size(file: Path) -> int:
    return os.path.getsize(file) if os.path.isfile(file) else -1
