"""The result of a probe, read back."""

from pathlib import Path

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
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
    if path.is_dir():
        require_finished(path, "probe")
        return _by_path(path / CLIPS)
    if not path.is_file():
        raise UsageError(f"{path} does not exist: make it with `framewise probe RECORDS -o {path}`")
    manifest = manifest_beside(path)
    if manifest.exists() and read_json(manifest).get("status") != "complete":
        raise UsageError(f"{path} is not finished: run its command again to go on")
    return _by_path(path)


def _by_path(file: Path) -> dict[str, Clip]:
    try:
        return {row["path"]: Clip.from_json(row) for row in read_rows(file)}
    except (KeyError, TypeError) as error:
        raise UsageError(f"{file} does not hold clips: a row lacks {error}") from error
