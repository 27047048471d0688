"""A dataset on disk, as `records` and `probe` leave it; nothing here decodes media."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from framewise._jsonl import read_rows
from framewise.budgets import Request, allocate
from framewise.clips import Clip
from framewise.records import Record


def record_row(
    number: int, *, source: str = "made", task: str = "open_ended", question: str = ""
) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "source": source,
        "task": task,
        "media": [{"kind": "video", "path": f"{number}.mp4"}],
        "turns": [
            {"role": "user", "text": f"<video>{question or f'question {number}?'}"},
            {"role": "assistant", "text": "yes"},
        ],
    }


def clip_row(number: int, num_frames: int = 64, **changes: Any) -> dict[str, Any]:
    clip = Clip(
        path=f"{number}.mp4", status="ok", num_frames=num_frames, duration_seconds=num_frames / 8, fps=8.0,
        width=64, height=48, codec="h264",
    )  # fmt: skip
    return {**clip.to_json(), **changes}


@dataclass
class Dataset:
    folder: Path
    records: Path
    clips: Path

    def write(self, records: list[dict[str, Any]], clips: list[dict[str, Any]]) -> None:
        self.records.write_text("".join(json.dumps(row) + "\n" for row in records))
        self.clips.write_text("".join(json.dumps(row) + "\n" for row in clips))

    def allocate(self, name: str = "run", allocator: str = "fixed", **options: Any) -> Path:
        settings = options.pop("settings", {"num_frames": "8"} if allocator == "fixed" else {})
        return allocate(
            self.records,
            allocator=allocator,
            settings=settings,
            clips=self.clips,
            output=self.folder / name,
            **options,
        )

    def rows(self, name: str = "run", file: str = "budgets.jsonl") -> list[dict[str, Any]]:
        return list(read_rows(self.folder / name / file))


@pytest.fixture
def empty_dataset(tmp_path: Path) -> Dataset:
    return Dataset(tmp_path, tmp_path / "records.jsonl", tmp_path / "clips.jsonl")


@pytest.fixture
def dataset(empty_dataset: Dataset) -> Dataset:
    """Six videos of 64, 64, 31, 5, 1 and 64 frames from two sources."""
    lengths = [64, 64, 31, 5, 1, 64]
    empty_dataset.write(
        [record_row(n, source="ab"[n % 2], task=("caption", "open_ended")[n % 2]) for n in range(6)],
        [clip_row(n, length) for n, length in enumerate(lengths)],
    )
    return empty_dataset


@pytest.fixture
def rows() -> tuple[Callable[..., dict[str, Any]], Callable[..., dict[str, Any]]]:
    """Makers of one row of records and of one row of clips."""
    return record_row, clip_row


@pytest.fixture
def make_requests() -> Callable[..., list[Request]]:
    """Requests for n videos of 64 frames, not sorted by key, in turn from each source."""

    def make(n: int, sources: int = 1) -> list[Request]:
        rows = [record_row(number, source=f"s{number % sources}") for number in reversed(range(n))]
        records = map(Record.from_json, rows)
        return [Request(record=r, media_index=0, clip=Clip.from_json(clip_row(0))) for r in records]

    return make


@pytest.fixture
def read(monkeypatch) -> list[list[int]]:
    """The prompts that are scored, as they are."""
    # Here, since most tests of budgets need no torch.
    from framewise.budgets._option_scorer import OptionScorer

    found: list[list[int]] = []
    original = OptionScorer.score
    monkeypatch.setattr(
        OptionScorer, "score", lambda s, prompts: (found.extend(prompts), original(s, prompts))[1]
    )
    return found
