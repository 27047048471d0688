"""Where media files may lie: under the media root and nowhere else."""

import os
from pathlib import Path, PurePath

from framewise._errors import UsageError
from framewise.records._medium import Media


def relative_media(root: Path, path: str) -> str:
    """The place of a medium below the media root, with forward slashes.

    Absolute paths inside the root become relative; ``..`` is allowed as long as it stays inside. The file
    need not exist.

    Raises:
        UsageError: The path leaves the root (by ``..``, as an absolute path or through a symbolic link), is
            an address, or names no file.
    """
    if not path or "\0" in path:
        raise UsageError(f"media path {path!r} names no file")
    if "://" in path or path.startswith("data:"):
        raise UsageError(f"media path {path[:80]!r} is an address: only files under the media root are read")
    base, real_base = os.path.abspath(root), os.path.realpath(root)
    named = os.path.normpath(os.path.join(base, path))
    if not _is_below(named, base):
        if not _is_below(named, real_base):
            raise UsageError(
                f"media path {path!r} leaves the media root {root}: set --media-root to a folder above it"
            )
        named = os.path.join(base, os.path.relpath(named, real_base))
    if not _is_below(os.path.realpath(named), real_base):
        raise UsageError(
            f"media path {path!r} is a symbolic link out of the media root {root}: copy the file into it"
        )
    return PurePath(os.path.relpath(named, base)).as_posix()


def resolve_media(root: Path, path: str) -> Path:
    """The file of a medium, as an absolute path; it need not exist.

    Raises:
        UsageError: The path leaves the media root or is not that of a file.
    """
    return Path(os.path.abspath(root)) / relative_media(root, path)


def is_there(root: Path, media: Media, path: str) -> bool:
    """Whether a path of ``media.files`` exists below the root; a video may be a folder of images."""
    may_be_folder = media.kind == "video" and not media.frames
    return (root / path).exists() if may_be_folder else (root / path).is_file()


def _is_below(path: str, folder: str) -> bool:
    return path != folder and os.path.commonpath([path, folder]) == folder
