"""The result of a probe, read back."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import Row, read_json, read_rows
from framewise._keyed import KeyedRows
from framewise.clips._clip import Clip
from framewise.clips._probe import CLIPS
from framewise.clips._rows_file import manifest_beside


def read_clips(path: Path) -> dict[str, Clip]:
    """Clips by their path relative to the media root.

    Args:
        path: The run directory of a probe, or a file of its rows.

    Raises:
        UsageError: There is nothing, the probe did not finish, or a row is no clip.
    """
    return {clip.path: clip for clip, _ in _iterate(path)}


def open_clips(path: Path) -> Mapping[str, Clip]:
    """As ``read_clips``, for millions: the clips stay on disk, and each is read when it is asked for.

    Raises:
        UsageError: As there.
    """
    return KeyedRows(((clip.path, row) for clip, row in _iterate(path)), Clip.from_json)


def _iterate(path: Path) -> Iterator[tuple[Clip, Row]]:
    file = _finished_rows(path)
    for row in read_rows(file):
        try:
            clip = Clip.from_json(row)
        except TypeError as error:
            raise UsageError(f"{file} does not hold clips: a row lacks {error}") from error
        yield clip, row


def _finished_rows(path: Path) -> Path:
    if path.is_dir():
        require_finished(path, "probe")
        return path / CLIPS
    if not path.is_file():
        raise UsageError(f"{path} does not exist: make it with `framewise probe RECORDS -o {path}`")
    manifest = manifest_beside(path)
    if manifest.exists() and read_json(manifest).get("status") != "complete":
        raise UsageError(f"{path} is not finished: run its command again to go on")
    return path
