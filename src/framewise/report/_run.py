"""The finished run directories that a page is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framewise._artifacts import require_finished
from framewise._errors import UsageError
from framewise._jsonl import Row, read_json, read_rows


@dataclass(frozen=True, kw_only=True)
class Run:
    """One finished run directory."""

    path: Path
    """As the user gave it."""
    name: str
    """The last part of the path, longer only where two runs of a stage would share it."""
    manifest: Row

    @property
    def stage(self) -> str:
        """The stage that wrote the directory."""
        return str(self.manifest["stage"])

    def json(self, file: str) -> Any:
        """Contents of one JSON file of the run.

        Raises:
            UsageError: The file is missing or is no JSON, though the run is marked as finished.
        """
        path = self.path / file
        if not path.is_file():
            raise UsageError(f"{self.path} is marked as finished but has no {file}: run it with --fresh")
        return read_json(path)

    def rows(self, file: str) -> list[Row]:
        """Rows of one JSONL file of the run; a missing file has none.

        Raises:
            UsageError: A line is no JSON object.
        """
        return list(read_rows(self.path / file))


def open_runs(directories: Sequence[Path]) -> list[Run]:
    """Open finished runs in the given order; a directory that is given twice is opened once.

    Raises:
        UsageError: There is none, or one is no run directory or is not finished.
    """
    if not directories:
        raise UsageError("there is nothing to report: give at least one finished run directory")
    paths = list({path.resolve(): path for path in directories}.values())
    manifests = [require_finished(path) for path in paths]
    stages = [str(manifest["stage"]) for manifest in manifests]
    names = [
        _shortest_name(
            path, [p for p, stage in zip(paths, stages, strict=True) if stage == own and p != path]
        )
        for path, own in zip(paths, stages, strict=True)
    ]
    return [
        Run(path=path, name=name, manifest=manifest)
        for path, name, manifest in zip(paths, names, manifests, strict=True)
    ]


def _shortest_name(path: Path, others: Sequence[Path]) -> str:
    parts = path.resolve().parts
    for length in range(1, len(parts)):
        if all(other.resolve().parts[-length:] != parts[-length:] for other in others):
            return "/".join(parts[-length:])
    return str(path.resolve())
