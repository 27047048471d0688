"""A tiny data root in the lab's format, and evaluations of scripted models on it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from framewise.evaluation import Item, ScriptedModel, evaluate

COLOURS = ("red", "green", "blue")


def encode(path: Path, pixels: np.ndarray, codec: str, pixel_format: str, **options: Any) -> None:
    """Write frames [n, height, width, 3]."""
    with av.open(str(path), "w", **options) as container:
        stream = container.add_stream(codec, rate=6)
        stream.height, stream.width = pixels.shape[1:3]
        stream.pix_fmt = pixel_format
        for picture in pixels:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def lab_rows(kind: str, *, clusters: int, each: int) -> list[dict[str, Any]]:
    """``each`` questions about every one of ``clusters`` media; subtasks ``colour`` and ``order`` in turn."""
    suffix = "png" if kind == "image" else "mp4"
    return [
        {
            "item_id": f"{kind}-{c}-{i}",
            "subtask": ("colour", "order")[i % 2],
            "cluster": f"medium-{c}",
            "media": [{"kind": kind, "path": f"media/{c}.{suffix}"}],
            "prompt": f"<{kind}>Which colour has shape {'very ' * i}{c}? Choose: {', '.join(COLOURS)}.",
            "answer": COLOURS[(c + i) % 3],
            "choices": list(COLOURS),
            "min_frames": 2,
        }
        for c in range(clusters)
        for i in range(each)
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root: one image and one video of 12 frames for each of 4 clusters, 3 questions about either."""
    path = tmp_path / "root"
    (path / "benchmarks").mkdir(parents=True)
    (path / "media").mkdir()
    frames = np.arange(12, dtype=np.uint8)[:, None, None, None] * np.full((64, 64, 3), 20, np.uint8)
    for number in range(4):
        encode(path / f"media/{number}.mp4", frames, "libx264", "yuv420p")
        encode(
            path / f"media/{number}.png", frames[:1], "png", "rgb24", format="image2", options={"update": "1"}
        )
    for kind in ("image", "video"):
        lines = [json.dumps(row) for row in lab_rows(kind, clusters=4, each=3)]
        (path / f"benchmarks/lab_{kind}.jsonl").write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Stands for a model: scripted models read nothing of it."""
    path = tmp_path / "model-folder"
    path.mkdir()
    (path / "config.json").write_text("{}")
    return path


Run = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path, root: Path, folder: Path) -> Run:
    """Evaluates a script (or a whole model) on both lab benchmarks, into a directory of the given name."""

    def run_it(name: str, script: Callable[[Item], str] | ScriptedModel, **changes: Any) -> Path:
        model = script if isinstance(script, ScriptedModel) else ScriptedModel(script)
        settings: dict[str, Any] = {
            "benchmarks": ["lab_image", "lab_video"],
            "data_root": root,
            "frames": 4,
            "output": tmp_path / name,
            "batch_size": 4,
            "open_model": lambda *_: model,
        }
        return evaluate(folder, **(settings | changes))

    return run_it
