"""A small dataset as records, allocation and materialising leave it, with clips whose frames carry numbers."""

import importlib.util
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from framewise._artifacts import RunDirectory
from framewise._jsonl import Row, read_json, read_rows, write_json, write_rows
from framewise.budgets import Budget
from framewise.exports import export, verify
from framewise.materialise._encode import encode

SIDE = (56, 84)
_SPEC = importlib.util.spec_from_file_location("_media", Path(__file__).parent.parent / "media_fixtures.py")
media_fixtures = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(media_fixtures)


def record_row(name: str, media: list[dict[str, Any]], text: str = "What is it?") -> dict[str, Any]:
    markers = "".join(f"<{medium['kind']}>" for medium in media)
    turns = [{"role": "user", "text": markers + text}, {"role": "assistant", "text": "It is so."}]
    return {"id": name, "source": "made", "task": "open_ended", "media": media, "turns": turns}


@dataclass
class Dataset:
    """Records, budgets and clips that a test adds to, and then writes."""

    root: Path
    size: tuple[int, int] = SIDE
    rows: list[dict[str, Any]] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    clips: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with RunDirectory(self.materialised, stage="materialise", config={}):
            pass

    def add(self, name: str, *videos: tuple[int, float], images: int = 0, **changes: Any) -> None:
        """A record with videos of (frames, seconds) and images, with their budgets and clips."""
        media = []
        for index, (num_frames, seconds) in enumerate(videos):
            media.append({"kind": "video", "path": f"{name}-{index}.mp4"})
            self.budgets.append(
                Budget(record_id=name, media_index=index, num_frames=num_frames, allocator="fixed")
            )
            self.clips.append(self.clip(name, index, num_frames, seconds))
        for index in range(images):
            media.append({"kind": "image", "path": f"{name}-{index}.png"})
        self.rows.append({**record_row(name, media), **changes})

    def clip(self, name: str, index: int, num_frames: int, seconds: float) -> dict[str, Any]:
        path = f"clips/{name[:1]}/{name}-{index}-{num_frames}.mp4"
        file = self.materialised / path
        file.parent.mkdir(parents=True, exist_ok=True)
        interval = Fraction(seconds).limit_denominator(1000) / num_frames
        encode(file, media_fixtures.numbered_frames(num_frames, *self.size), interval)
        return {
            "record_id": name, "media_index": index, "path": path, "source_path": f"{name}-{index}.mp4",
            "num_frames": num_frames, "clamped": False, "fps": float(1 / interval),
            "duration_seconds": float(interval * num_frames), "height": self.size[0], "width": self.size[1],
            "indices": list(range(1, 2 * num_frames, 2)),
            "times_seconds": [float((i + 0.5) * interval) for i in range(num_frames)],
        }  # fmt: skip

    @property
    def materialised(self) -> Path:
        return self.root / "materialised"

    @property
    def records(self) -> Path:
        return self.root / "records.jsonl"

    @property
    def budget_table(self) -> Path:
        return self.root / "budgets.jsonl"

    def write(self) -> None:
        self.records.write_text("".join(json.dumps(row) + "\n" for row in self.rows))
        write_rows(self.budget_table, [budget.to_json() for budget in self.budgets])
        with RunDirectory(self.materialised, stage="materialise", config={}) as run:
            run.write_rows("materialised.jsonl", self.clips)
            run.complete()

    def export(self, to: str, *, clips: bool = True, **options: Any) -> Path:
        self.write()
        return export(
            self.records,
            budgets=self.budget_table,
            to=to,
            materialised=self.materialised if clips else None,
            output=self.root / "out" / f"{to}{'' if clips else '-originals'}",
            **options,
        )


def hybrid(root: Path, **options: Any) -> Dataset:
    """Budgets of 8 to 64 on clips of 5 to 30 s, an image and a text."""
    dataset = Dataset(root, **options)
    for number, (num_frames, seconds) in enumerate([(8, 5.0), (16, 30.0), (32, 20.0), (64, 10.0)]):
        dataset.add(f"r{number}", (num_frames, seconds))
    dataset.add("picture", images=1)
    Image.new("RGB", (64, 48)).save(root / "picture-0.png")
    dataset.add("text")
    return dataset


def with_originals(root: Path) -> Dataset:
    """Two originals of 80 frames at 8 a second, one with a window of 4 s."""
    dataset = Dataset(root)
    for name, num_frames in (("a", 8), ("b", 16)):
        dataset.add(name, (num_frames, 10.0))
        media_fixtures.encode_clip(root / f"{name}-0.mp4", num_frames=80, height=SIDE[0], width=SIDE[1])
    dataset.rows[1]["media"][0] |= {"start_seconds": 2.0, "end_seconds": 6.0}
    return dataset


def model_of_type(root: Path, model_type: str, name: str = "model") -> str:
    """A folder that is a checkpoint as far as exports look."""
    folder = root / name
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
    return str(folder)


def data_file(folder: Path) -> Path:
    """The rows that the trainer reads."""
    return next(file for file in sorted(folder.glob("framewise.json*")))


def data(folder: Path) -> list[Row]:
    file = data_file(folder)
    return list(read_rows(file)) if file.suffix == ".jsonl" else read_json(file)


def change_rows(folder: Path, change: Callable[[list[Row]], object]) -> None:
    """Do something with the rows of an export, and write them again."""
    rows = data(folder)
    change(rows)
    (write_rows if data_file(folder).suffix == ".jsonl" else write_json)(data_file(folder), rows)


def change_text(file: Path, pattern: str, replacement: str) -> None:
    """Replace the one place of a file that matches."""
    text, count = re.subn(pattern, lambda _: replacement, file.read_text())
    assert count == 1, f"{pattern} stands {count} times in {file}"
    file.write_text(text)


def faults(folder: Path) -> dict[str, str]:
    """First difference of each record, by its id."""
    return {d.record_id: d.reason for d in reversed(verify(folder).differences)}


def refused(folder: Path) -> dict[str, str]:
    """Reasons of the records that were left out, by their ids."""
    return {row["record_id"]: row["reason"] for row in read_rows(folder / "skipped.jsonl")}


def cautions(folder: Path) -> str:
    return "\n".join(read_json(folder / "summary.json")["cautions"])


def turns(*said: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "text": text} for role, text in said]
