"""A tiny data root: six videos, three images, records and budgets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from framewise.training import Recipe

NUM_RECORDS = 9


def write_video(path: Path, seed: int, num_frames: int = 16) -> None:
    rng = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(num_frames):
            picture = np.full((32, 32, 3), rng.integers(0, 256, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_data(root: Path) -> Path:
    """Records 0..8: every third is an image; budgets of 4 and 8 frames in turn; answers of many lengths."""
    (root / "media").mkdir(parents=True)
    records, budgets = [], []
    for number in range(NUM_RECORDS):
        kind = "image" if number % 3 == 2 else "video"
        path = f"media/{number}.{'png' if kind == 'image' else 'mp4'}"
        if kind == "image":
            pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / path)
        else:
            write_video(root / path, number)
            budget = {"record_id": str(number), "media_index": 0, "num_frames": 4 if number % 2 else 8}
            budgets.append({**budget, "allocator": "fixed"})
        turns = [
            {"role": "user", "text": f"<{kind}>what moves?"},
            {"role": "assistant", "text": "a red square " * (1 + number % 4)},
        ]
        media = [{"kind": kind, "path": path}]
        records.append(
            {"id": str(number), "source": "test", "task": "open_ended", "media": media, "turns": turns}
        )
    write_rows(root / "records.jsonl", records)
    write_rows(root / "budgets.jsonl", budgets)
    return root


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data that no test changes."""
    return write_data(tmp_path_factory.mktemp("training") / "data")


@pytest.fixture
def own_data(tmp_path: Path) -> Path:
    """Data that a test may break."""
    return write_data(tmp_path / "data")


@pytest.fixture
def make_recipe(tiny_checkpoint: Path, shared_data: Path) -> Callable[..., Recipe]:
    def make(data: Path = shared_data, **changes: Any) -> Recipe:
        values = {
            "model": str(tiny_checkpoint),
            "records": data / "records.jsonl",
            "budgets": data / "budgets.jsonl",
            "learning_rate": 1e-3,
            "max_steps": 4,
            "batch_size": 2,
            "save_steps": 2,
            "logging_steps": 1,
        }
        return Recipe(**{**values, **changes})

    return make
