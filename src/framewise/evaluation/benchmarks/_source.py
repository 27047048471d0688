"""Where a benchmark's official files are, what they are, and what to say when they are not there."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framewise._errors import UsageError

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """The official files of a benchmark."""

    name: str
    """Name of the benchmark, and of its folder below the data root."""
    repositories: tuple[str, ...]
    """Ids of the dataset on the Hugging Face hub, the one in use today first."""
    layouts: Mapping[str, tuple[str, ...]]
    """Patterns of the files with the rows, by layout: the first layout of which every pattern is there is read."""
    counts: Mapping[str, int]
    """Rows of each part of the full data, by the specification."""
    elsewhere: str = ""
    """Other places that have the files."""
    md5: Mapping[str, str] = field(default_factory=dict)
    """Published checksums by file name."""

    def find(self, data_root: Path) -> tuple[str, list[Path]]:
        """The layout that is there, and its files in order.

        Raises:
            UsageError: There is none; the message says what is missing and where it is had.
        """
        for folder in self.folders(data_root):
            for layout, patterns in self.layouts.items():
                found = [sorted(folder.glob(pattern)) for pattern in patterns]
                if all(found):
                    return layout, [path for paths in found for path in paths]
        raise UsageError(self.missing(data_root))

    def folder(self, data_root: Path) -> Path:
        """The folder that the files are in.

        Raises:
            UsageError: They are not there.
        """
        _, files = self.find(data_root)
        return next(folder for folder in self.folders(data_root) if files[0].is_relative_to(folder))

    def folders(self, data_root: Path) -> tuple[Path, Path]:
        """Where to look: the benchmark's own folder, then the data root itself."""
        return data_root / self.name, data_root

    def missing(self, data_root: Path) -> str:
        """What to say when no layout is there."""
        wanted = " or ".join(" and ".join(patterns) for patterns in self.layouts.values())
        own, _ = self.folders(data_root)
        return f"{self.name} has no data: {own} and {data_root} hold no {wanted}. {self.origin(data_root)}"

    def origin(self, data_root: Path) -> str:
        """Where the files are had, as a sentence."""
        own, _ = self.folders(data_root)
        former = f" (formerly {', '.join(self.repositories[1:])})" if self.repositories[1:] else ""
        get = f"hf download {self.repositories[0]} --repo-type dataset --local-dir {own}"
        other = f"; also {self.elsewhere}" if self.elsewhere else ""
        return f"`{get}` has them{former}{other}"

    def describe(self, data_root: Path, parts: Iterable[str]) -> dict[str, Any]:
        """What was read, to be kept with the results.

        Args:
            data_root: Folder that the files are in.
            parts: The part that each row belongs to.

        Returns:
            ``layout``, ``revision`` (the hub's commit, or null), ``sha256`` by file, ``rows``, and
            ``differences`` from the specification, each a sentence.
        """
        layout, files = self.find(data_root)
        folder = self.folder(data_root)
        rows = Counter(parts)
        return {
            "layout": layout,
            "revision": _revision(folder, files[0]),
            "sha256": {file.relative_to(folder).as_posix(): _digest(file, "sha256") for file in files},
            "rows": dict(rows),
            "differences": [*self._wrong_counts(rows), *self._wrong_files(files)],
        }

    def _wrong_counts(self, rows: Mapping[str, int]) -> list[str]:
        return [
            f"{self.name}: {part} has {rows.get(part, 0)} rows, the specification {self.counts.get(part, 0)}"
            for part in {**self.counts, **rows}
            if rows.get(part, 0) != self.counts.get(part, 0)
        ]

    def _wrong_files(self, files: Iterable[Path]) -> list[str]:
        return [
            f"{self.name}: {file.name} is not the published file (md5 {self.md5[file.name]})"
            for file in files
            if file.name in self.md5 and _digest(file, "md5") != self.md5[file.name]
        ]


def _digest(file: Path, name: str) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()


def _revision(folder: Path, file: Path) -> str | None:
    """The commit that ``hf download --local-dir`` wrote beside the file, or that a snapshot's path names."""
    note = folder / ".cache/huggingface/download" / f"{file.relative_to(folder)}.metadata"
    first = note.read_text(encoding="utf-8").split("\n")[0] if note.is_file() else ""
    named = [part for part in file.parts if _COMMIT.fullmatch(part)]
    return first if _COMMIT.fullmatch(first) else (named[-1] if named else None)


def first_place(folder: Path, places: Iterable[str]) -> str:
    """The first of some places below ``folder`` that is there, or the first of all."""
    known = list(places)
    return next((place for place in known if (folder / place).exists()), known[0])
