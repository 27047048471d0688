"""Records with videos of numbered frames, and their budgets, as earlier stages leave them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from framewise._jsonl import read_json, read_rows
from framewise.clips import Frames
from framewise.clips.decoders.pyav import PyAV
from framewise.materialise import FrameSize, Workers, _materialise, materialise


@dataclass
class Dataset:
    folder: Path
    write_clip: Callable[..., Path]
    monkeypatch: pytest.MonkeyPatch

    def clip(self, name: str, **options: Any) -> Path:
        return self.write_clip(self.folder / name, **options)

    def write(self, *videos: tuple[dict[str, Any], int]) -> None:
        """Records r0, r1, ... with one video each, and its budget."""
        records, budgets = [], []
        for number, (media, num_frames) in enumerate(videos):
            turns = [{"role": "user", "text": "<video>what?"}, {"role": "assistant", "text": "that"}]
            media = {"kind": "video", **media}
            records.append(
                {"id": f"r{number}", "source": "s", "task": "open_ended", "media": [media], "turns": turns}
            )
            budgets.append(
                {"record_id": f"r{number}", "media_index": 0, "num_frames": num_frames, "allocator": "fixed"}
            )
        for name, rows in (("records", records), ("budgets", budgets)):
            (self.folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(
        self,
        name: str = "run",
        *,
        num_workers: int | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> "Run":
        """Materialise; without a number of workers in this process, which is quicker and does the same."""
        with self.monkeypatch.context() as patch:
            if num_workers is None:
                patch.setattr(_materialise, "run_tasks", _run_here)
            output = materialise(
                self.folder / "records.jsonl",
                budgets=self.folder / "budgets.jsonl",
                output=self.folder / name,
                **{"size": FrameSize(pixels_per_frame=56 * 56), **options},
                workers=Workers(num_workers=num_workers, timeout_seconds=timeout),
            )
        return Run(output)


def _run_here(function: Callable[[Any], Any], items: Iterable[Any], **_: Any) -> Iterator[tuple[Any, Any]]:
    return ((item, function(item)) for item in items)


@dataclass
class Run:
    folder: Path

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(read_rows(self.folder / "materialised.jsonl"))

    @property
    def skipped(self) -> dict[str, tuple[str, str]]:
        rows = read_rows(self.folder / "skipped.jsonl")
        return {row["record_id"]: (row["status"], row["reason"]) for row in rows}

    @property
    def summary(self) -> dict[str, Any]:
        return read_json(self.folder / "summary.json")

    def decode(self, row: dict[str, Any]) -> Frames:
        return PyAV().decode(self.folder / row["path"], range(row["num_frames"]))


@pytest.fixture
def dataset(tmp_path, write_clip, monkeypatch):
    return Dataset(tmp_path, write_clip, monkeypatch)
