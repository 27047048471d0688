"""Five short videos with seven questions, six pictures: the same for every family."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ANSWERS = ("a red square", "Three of them, two blue.", "red", "a blue square moves left.")


@dataclass(frozen=True)
class Data:
    """Where records lie; media are beside them."""

    images: Path
    videos: Path


def record(name: str, kind: str, path: str, answer: str) -> dict[str, Any]:
    turns = [
        {"role": "user", "text": f"<{kind}>what moves?"},
        {"role": "assistant", "text": answer},
    ]
    media = [{"kind": kind, "path": path}]
    return {"id": name, "source": "test", "task": "open_ended", "media": media, "turns": turns}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, write_clip: Callable, write_image: Callable) -> Data:
    root = tmp_path_factory.mktemp("diagnostics")
    for number in range(5):
        write_clip(root / f"{number}.mp4", num_frames=6 + number, height=32, width=32)
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        write_image(root / f"{number}.png", pixels)
    videos = [record(f"v{i}", "video", f"{i % 5}.mp4", ANSWERS[i % 4]) for i in range(7)]
    images = [record(f"i{i}", "image", f"{i}.png", ANSWERS[i % 3]) for i in range(6)]
    return Data(write_rows(root / "images.jsonl", images), write_rows(root / "videos.jsonl", videos))
