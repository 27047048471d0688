"""Run directories: what stages leave for each other on disk.

A run directory holds ``manifest.json`` (stage, resolved config, package versions, seed, inputs with sha256,
start, end, status), the stage's JSONL rows and its JSON summaries. It is finished when the manifest's status
is ``complete``; anything else is resumable and is never read as a result.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import PART, Row, RowWriter, read_json, read_rows, write_json, write_rows

MANIFEST = "manifest.json"
_DELETED = "deleted"
_PACKAGES = (
    "framewise",
    "torch",
    "torchvision",
    "transformers",
    "accelerate",
    "peft",
    "av",
    "numpy",
    "scipy",
)


class RunDirectory:
    """One stage's output directory, opened for work and closed as ``complete`` or ``interrupted``.

    Use as a context manager. Work is done only ``if not run.finished``; ``run.complete()`` marks the end. A
    new run that ends in a UsageError before its first row leaves no trace.

    Args:
        path: The directory; made if it is missing.
        stage: Name of the stage.
        config: Resolved settings, JSON types only. Rerunning with other settings is an error.
        inputs: Files and directories that the result depends on, by role.
        seed: Seed of everything random in the stage.
        fresh: Delete what an earlier run left and start over.

    Raises:
        UsageError: The directory holds another stage, other settings, other inputs, or files that are no run.
    """

    def __init__(
        self,
        path: Path,
        *,
        stage: str,
        config: Mapping[str, Any],
        inputs: Mapping[str, Path] | None = None,
        seed: int | None = None,
        fresh: bool = False,
    ) -> None:
        self.path = path
        wanted = {
            "stage": stage,
            "config": json.loads(json.dumps(config)),
            "inputs": {role: {"path": str(p), "sha256": digest(p)} for role, p in (inputs or {}).items()},
            "seed": seed,
        }
        earlier = _open_earlier(path, stage, fresh)
        if earlier is not None:
            _check_same(path, earlier, wanted)
        path.mkdir(parents=True, exist_ok=True)
        self._new = earlier is None
        first = {**wanted, "versions": package_versions(), "start": _now(), "end": None, "status": "running"}
        self.manifest: dict[str, Any] = earlier or first
        if not self.finished:
            self.manifest.update(status="running")
            self.manifest.pop("reason", None)
            write_json(path / MANIFEST, self.manifest)
        self._writers: dict[str, RowWriter] = {}

    @property
    def finished(self) -> bool:
        """Whether an earlier run completed this directory."""
        return bool(self.manifest["status"] == "complete")

    def rows(self, name: str) -> list[Row]:
        """Rows that are already in the JSONL file ``name``."""
        return list(read_rows(self.path / name))

    def append(self, name: str, row: Row) -> None:
        """Append one row to the JSONL file ``name``; it survives a kill of this process."""
        self._writer(name).write(row)

    def open_rows(self, name: str) -> list[Row]:
        """Cut a last row of ``name`` that a kill left unfinished; return its rows, to be appended to."""
        self._writer(name)
        return self.rows(name)

    def stream_rows(self, name: str) -> Iterator[Row]:
        """As ``open_rows``, for millions: one row at a time."""
        self._writer(name)
        return read_rows(self.path / name)

    def write_rows(self, name: str, rows: Iterable[Row]) -> None:
        """Write the whole JSONL file ``name`` at once, in place of what it held."""
        write_rows(self.path / name, rows)

    def complete(self, **facts: Any) -> None:
        """Mark the run as finished and store ``facts`` in its manifest."""
        self.manifest.update(status="complete", end=_now(), **facts)
        write_json(self.path / MANIFEST, self.manifest)

    def reopen(self) -> None:
        """Take a finished run up again: until it is complete once more it is not read as a result."""
        self.manifest.update(status="running", end=None)
        write_json(self.path / MANIFEST, self.manifest)

    def _writer(self, name: str) -> RowWriter:
        if name not in self._writers:
            self._writers[name] = RowWriter(self.path / name)
        return self._writers[name]

    def __enter__(self) -> "RunDirectory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        if kind is not None and not self.finished:
            if self._new and issubclass(kind, UsageError) and _holds_nothing(self.path):
                # The request was wrong and nothing came of it: the corrected one may have the same directory.
                _delete_run(self.path)
                self.path.rmdir()
                return
            self.manifest.update(status="interrupted", reason=f"{kind.__name__}: {error}")
            write_json(self.path / MANIFEST, self.manifest)


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of a run directory, or None where there is none."""
    file = path / MANIFEST
    if not file.exists():
        return None
    manifest: dict[str, Any] = read_json(file)
    return manifest


def require_finished(path: Path, stage: str | None = None) -> dict[str, Any]:
    """The manifest of a finished run directory.

    Raises:
        UsageError: There is no such run, it is of another stage, or it did not finish.
    """
    manifest = read_manifest(path)
    if manifest is None:
        raise UsageError(f"{path} is not a run directory: it has no {MANIFEST}")
    if stage is not None and manifest["stage"] != stage:
        raise UsageError(f"{path} is a run of stage {manifest['stage']!r}; this needs one of {stage!r}")
    if manifest["status"] != "complete":
        raise UsageError(
            f"{path} is not finished (status {manifest['status']!r}): run its command again to go on"
        )
    return manifest


def table_of(path: Path, name: str) -> Path:
    """The table itself, or the one of this name in the run that has it: they count the same."""
    return path / name if path.is_dir() else path


def digest(path: Path) -> str:
    """sha256 of a file's bytes, or of the names and bytes of all files below a directory.

    A finished run directory is digested by everything but its manifest, so a rerun with equal results is
    equal.

    Raises:
        UsageError: The path does not exist.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    if path.is_file():
        return _file_digest(path).hex()
    result = hashlib.sha256()
    for file in _files_below(path):
        result.update(
            str(file.relative_to(path)).encode("utf-8", "surrogateescape") + b"\0" + _file_digest(file)
        )
    return result.hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of the packages that can change a result."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _file_digest(file: Path) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _files_below(path: Path) -> Iterable[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file() and p.name != MANIFEST)


def _open_earlier(path: Path, stage: str, fresh: bool) -> Row | None:
    """The manifest of an earlier run that goes on, or None where a new one can begin."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file: -o names a directory")
    manifest = read_manifest(path)
    if manifest is None:
        if path.exists() and any(p.name != MANIFEST + PART for p in path.iterdir()):
            raise UsageError(f"{path} holds files that are no run of framewise: choose another -o")
        return None
    if manifest["stage"] != stage:
        raise UsageError(f"{path} holds a run of stage {manifest['stage']!r}: choose another -o")
    if fresh or manifest["status"] == _DELETED:
        _delete_run(path)
        return None
    return manifest


def _check_same(path: Path, manifest: Row, wanted: Row) -> None:
    before, now = (
        {
            **{f"config.{key}": value for key, value in run["config"].items()},
            **{f"inputs.{role}": value["sha256"][:12] for role, value in run["inputs"].items()},
            "seed": run["seed"],
        }
        for run in (manifest, wanted)
    )
    changed = [
        f"{key}: {before.get(key)!r} before, {now.get(key)!r} now"
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key)
    ]
    if changed:
        raise UsageError(
            f"{path} was started with other settings ({'; '.join(changed)}): "
            "choose another -o, or --fresh to start over"
        )


def _delete_run(path: Path) -> None:
    """Delete a run so that a kill half way leaves a directory that is neither finished nor resumed."""
    write_json(path / MANIFEST, {**read_json(path / MANIFEST), "status": _DELETED})
    for item in path.iterdir():
        if item.name == MANIFEST:
            continue
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
    (path / MANIFEST).unlink()


def _holds_nothing(path: Path) -> bool:
    """Whether no file but the manifest has anything in it."""
    return all(p.name == MANIFEST or (p.is_file() and p.stat().st_size == 0) for p in path.iterdir())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
