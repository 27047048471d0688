"""One JSONL file as the whole output of a stage, with its manifest beside it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from framewise._artifacts import digest, package_versions
from framewise._errors import UsageError
from framewise._jsonl import Row, RowWriter, read_json, read_rows, write_json, write_rows


def manifest_beside(file: Path) -> Path:
    """Where the manifest of a rows file is: ``clips.manifest.json`` beside ``clips.jsonl``."""
    return file.with_suffix(".manifest.json")


class RowsFile:
    """Like ``RunDirectory`` for ``-o NAME.jsonl``, which may lie in a folder with other things.

    Use as a context manager. Rows are appended; a rerun goes on from the rows that are there.

    Args:
        file: The JSONL file.
        stage: Name of the stage.
        config: Resolved settings, JSON types only.
        inputs: Files that the result depends on, by role.
        fresh: Start over.

    Raises:
        UsageError: The file is of another stage, other settings or other inputs, or has no manifest.
    """

    def __init__(
        self,
        file: Path,
        *,
        stage: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, Path],
        fresh: bool = False,
    ) -> None:
        self._file, self._manifest_file = file, manifest_beside(file)
        wanted = {
            "stage": stage,
            "config": dict(config),
            "inputs": {role: {"path": str(p), "sha256": digest(p)} for role, p in inputs.items()},
        }
        earlier = self._earlier(stage, fresh)
        if earlier is not None:
            _check_same(file, earlier, wanted)
        started = {**wanted, "versions": package_versions(), "start": _now(), "end": None}
        self.manifest: Row = earlier or {**started, "status": "running"}
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._manifest_file, self.manifest)
        self._writer = RowWriter(file)

    @property
    def finished(self) -> bool:
        """Whether an earlier run completed the file."""
        return bool(self.manifest["status"] == "complete")

    def rows(self) -> list[Row]:
        """The rows that are in the file."""
        return list(read_rows(self._file))

    def append(self, row: Row) -> None:
        """Append one row; it survives a kill of this process."""
        self._writer.write(row)

    def write_rows(self, rows: Iterable[Row]) -> None:
        """Write the whole file at once, in place of what it held."""
        write_rows(self._file, rows)

    def complete(self, **facts: Any) -> None:
        """Mark the file as finished and store ``facts`` in its manifest."""
        self.manifest.update(status="complete", end=_now(), **facts)
        write_json(self._manifest_file, self.manifest)

    def __enter__(self) -> "RowsFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is not None and not self.finished:
            self.manifest.update(status="interrupted", reason=f"{kind.__name__}: {error}")
            write_json(self._manifest_file, self.manifest)

    def _earlier(self, stage: str, fresh: bool) -> Row | None:
        if not self._manifest_file.exists():
            if self._file.exists():
                raise UsageError(
                    f"{self._file} has no {self._manifest_file.name} beside it: choose another -o"
                )
            return None
        manifest: Row = read_json(self._manifest_file)
        if manifest.get("stage") != stage:
            raise UsageError(f"{self._file} is of stage {manifest.get('stage')!r}: choose another -o")
        if fresh:
            # A kill between the next steps must not leave a manifest that calls an empty file complete.
            write_json(self._manifest_file, {**manifest, "status": "interrupted"})
            self._file.unlink(missing_ok=True)
            self._manifest_file.unlink()
            return None
        return manifest


def _check_same(file: Path, before: Row, now: Row) -> None:
    pairs = [(f"config.{k}", before["config"].get(k), v) for k, v in now["config"].items()]
    shas = {role: value["sha256"] for role, value in before["inputs"].items()}
    pairs += [(f"inputs.{role}", shas.get(role), value["sha256"]) for role, value in now["inputs"].items()]
    changed = [f"{key}: {old!r} before, {new!r} now" for key, old, new in pairs if old != new]
    if changed or shas.keys() != now["inputs"].keys():
        raise UsageError(
            f"{file} was started with other settings ({'; '.join(changed)}): "
            "choose another -o, or --fresh to start over"
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
