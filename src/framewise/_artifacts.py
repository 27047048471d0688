"""Run directories: what stages leave for each other on disk.

A run directory holds ``manifest.json`` (stage, resolved config, package versions, seed, inputs with sha256, start,
end, status), the stage's JSONL rows and its JSON summaries. It is finished when the manifest's status is
``complete``; anything else is resumable and is never read as a result.
"""

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any

from framewise._errors import UsageError
from framewise._jsonl import Row, RowWriter, read_json, read_rows, write_json

MANIFEST = "manifest.json"
_PACKAGES = ("framewise", "torch", "torchvision", "transformers", "accelerate", "peft", "av", "numpy", "scipy")


class RunDirectory:
    """One stage's output directory, opened for work and closed as ``complete`` or ``interrupted``.

    Use as a context manager. Work is done only ``if not run.finished``; ``run.complete()`` marks the end.

    Args:
        path: The directory; made if it is missing.
        stage: Name of the stage.
        config: Resolved settings, JSON types only. Rerunning with other settings is an error.
        inputs: Files and directories that the result depends on, by role.
        seed: Seed of everything random in the stage.
        fresh: Delete what an earlier run left and start over.

    Raises:
        UsageError: The directory holds another stage, other settings or other inputs.
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
            "config": dict(config),
            "inputs": {role: {"path": str(p), "sha256": digest(p)} for role, p in (inputs or {}).items()},
            "seed": seed,
        }
        if fresh and path.exists():
            _delete_run(path)
        self.path.mkdir(parents=True, exist_ok=True)
        manifest = read_manifest(path)
        if manifest is None:
            manifest = {**wanted, "versions": package_versions(), "start": _now(), "end": None, "status": "running"}
            write_json(path / MANIFEST, manifest)
        else:
            _check_same(path, manifest, wanted)
        self.manifest: dict[str, Any] = manifest
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
        if name not in self._writers:
            self._writers[name] = RowWriter(self.path / name)
        self._writers[name].write(row)

    def open_rows(self, name: str) -> list[Row]:
        """Repair the tail that a kill may have left in ``name``, then return its rows, ready to be appended to."""
        self._writers.setdefault(name, RowWriter(self.path / name))
        return self.rows(name)

    def complete(self, **facts: Any) -> None:
        """Mark the run as finished and store ``facts`` in its manifest."""
        self.manifest.update(status="complete", end=_now(), **facts)
        write_json(self.path / MANIFEST, self.manifest)

    def __enter__(self) -> "RunDirectory":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for writer in self._writers.values():
            writer.close()
        if kind is not None and not self.finished:
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
        raise UsageError(f"{path} is not finished (status {manifest['status']!r}): run its command again to go on")
    return manifest


def digest(path: Path) -> str:
    """sha256 of a file's bytes, or of the names and bytes of all files below a directory.

    A finished run directory is digested by everything but its manifest, so a rerun with equal results is equal.

    Raises:
        UsageError: The path does not exist.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    result = hashlib.sha256()
    for file in [path] if path.is_file() else _files_below(path):
        if path.is_dir():
            result.update(str(file.relative_to(path)).encode() + b"\0")
        with file.open("rb") as stream:
            result.update(hashlib.file_digest(stream, "sha256").digest())
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


def _files_below(path: Path) -> Iterable[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file() and p.name != MANIFEST)


def _check_same(path: Path, manifest: Row, wanted: Row) -> None:
    if manifest["stage"] != wanted["stage"]:
        raise UsageError(f"{path} holds a run of stage {manifest['stage']!r}: choose another -o")
    changed = [
        f"{group}.{key}: {manifest[group].get(key)!r} before, {wanted[group].get(key)!r} now"
        for group in ("config", "inputs")
        for key in sorted({*manifest[group], *wanted[group]})
        if manifest[group].get(key) != wanted[group].get(key)
    ]
    if manifest["seed"] != wanted["seed"]:
        changed.append(f"seed: {manifest['seed']} before, {wanted['seed']} now")
    if changed:
        raise UsageError(
            f"{path} was started with other settings ({'; '.join(changed)}): choose another -o, or --fresh to start over"
        )


def _delete_run(path: Path) -> None:
    if any(path.iterdir()) and read_manifest(path) is None:
        raise UsageError(f"{path} is not a run directory of framewise: --fresh deletes only those")
    shutil.rmtree(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
