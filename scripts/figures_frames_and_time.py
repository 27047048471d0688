"""Draws the figures of docs/frames-and-time.md: python scripts/figures_frames_and_time.py [FOLDER]."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framewise.clips.sampling import sample
from framewise.compat import prepare_torchvision
from framewise.families._pixels import Patcher
from framewise.families._positions import time_coordinates

prepare_torchvision()

import transformers  # noqa: E402
from transformers.models.qwen3_vl.video_processing_qwen3_vl import smart_resize  # noqa: E402
from transformers.video_utils import VideoMetadata  # noqa: E402

FOLDER = Path(__file__).parents[1] / "docs" / "figures"
INK, GREY, BLUE, RED, GREEN = "#222222", "#999999", "#2563eb", "#dc2626", "#15803d"
TOKENS_PER_SECOND = 2
RELEASED_SIZE = {"shortest_edge": 4096, "longest_edge": 24576 * 32 * 32}


class Drawing:
    """An SVG picture, built piece by piece; the origin is the upper left corner."""

    def __init__(self, width: int, height: int, title: str) -> None:
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="Helvetica, Arial, sans-serif" font-size="13" role="img">'
        )
        ground = f'<rect width="{width}" height="{height}" fill="white"/>'
        self._parts = [opening, f"<title>{title}</title>", ground]

    def line(self, x1: float, y1: float, x2: float, y2: float, color: str = INK, width: float = 1) -> None:
        self._parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"/>'
        )

    def dot(self, x: float, y: float, color: str, radius: float = 3) -> None:
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>')

    def box(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" stroke="{INK}"/>'
        )

    def text(self, x: float, y: float, words: str, color: str = INK, anchor: str = "start") -> None:
        safe = words.replace("&", "&amp;").replace("<", "&lt;")
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" text-anchor="{anchor}">{safe}</text>'
        )

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*self._parts, "</svg>", ""]), encoding="utf-8")


def sampling() -> Drawing:
    """Which 8 of 240 frames are taken, by three rules."""
    facts: dict[str, Any] = {"total_num_frames": 240, "fps": 30.0, "duration": 8.0}
    starts = transformers.Qwen2VLVideoProcessor().sample_frames(VideoMetadata(**facts), num_frames=8)
    ends = transformers.Qwen3VLVideoProcessor().sample_frames(VideoMetadata(**facts), num_frames=8)
    rows = [
        ("framewise: middles of 8 equal parts", sample(np.arange(240) / 30, 8).indices.tolist(), BLUE),
        ("transformers, Qwen2.5-VL: beginnings", starts.tolist(), RED),
        ("transformers, Qwen3-VL: end to end", ends.tolist(), RED),
    ]
    drawing = Drawing(760, 190, "Eight frames of a clip of 8 seconds, by three rules")
    left, scale = 270, 460 / 240
    for part in range(9):
        x = left + 30 * part * scale
        drawing.line(x, 25, x, 155, "#dddddd")
        drawing.text(x, 175, f"{part} s", GREY, "middle")
    for row, (name, indices, color) in enumerate(rows):
        y = 45 + 45 * row
        drawing.text(10, y + 4, name)
        drawing.line(left, y, left + 240 * scale, y, GREY)
        for index in indices:
            drawing.dot(left + (index + 0.5) * scale, y, color, 4)
    return drawing


def time_positions() -> Drawing:
    """Time positions of 64 frames of 4 seconds: true, floored, and with the interval cut to a whole number."""
    num_frames, seconds = 64, 4.0
    times = np.arange(num_frames) * seconds / num_frames
    interval = 2 * seconds / num_frames
    groups = np.arange(num_frames // 2)
    rows = [
        ("framewise: 32 positions", time_coordinates(times, frames_per_group=2, tokens_per_second=2), BLUE),
        ("transformers 5.23: 8 positions", np.floor(groups * interval * TOKENS_PER_SECOND), RED),
        ("transformers 4.57, 5.10: 1 position", groups * int(interval) * TOKENS_PER_SECOND, GREEN),
    ]
    for name, values, _ in rows:
        assert f" {len(set(values.tolist()))} position" in name
    drawing = Drawing(760, 300, "Time positions of 64 frames of 4 seconds in Qwen2.5-VL")
    left, top, across, down = 60, 30, 420, 220
    for tick in range(0, 9, 2):
        y = top + down - tick / 8 * down
        drawing.line(left, y, left + across, y, "#dddddd")
        drawing.text(left - 8, y + 4, str(tick), GREY, "end")
    for second in range(5):
        x = left + second / seconds * across
        drawing.text(x, top + down + 20, f"{second} s", GREY, "middle")
    for row, (name, values, color) in enumerate(rows):
        for group, value in zip(groups, values, strict=True):
            x = left + group * interval / seconds * across
            drawing.dot(x, top + down - value / 8 * down, color)
        drawing.dot(515, 60 + 26 * row, color, 4)
        drawing.text(527, 64 + 26 * row, name)
    return drawing


def text_position() -> Drawing:
    """Where text goes on after 8 frames of 60 seconds."""
    drawing = Drawing(760, 150, "Where text goes on after a video of 60 seconds")
    left, scale = 150, 560 / 100
    for row, (name, start, color) in enumerate((("after_max", 91, BLUE), ("after_extent", 2, RED))):
        y = 45 + 60 * row
        drawing.text(10, y + 4, name)
        drawing.line(left, y, left + 100 * scale, y, GREY)
        for time in (0, 30, 60, 90):
            drawing.box(left + time * scale, y - 9, scale, 18, "#bbbbbb")
        drawing.line(left + start * scale, y - 16, left + start * scale, y + 16, color, 3)
        drawing.text(left + (start + 1.2) * scale, y - 14, f"text: {start}", color)
    for position in (0, 30, 60, 90):
        drawing.text(left + (position + 0.5) * scale, 140, str(position), GREY, "middle")
    return drawing


def _frames_of_the_release(num_frames: int) -> tuple[int, int]:
    return smart_resize(num_frames, 720, 1280, 2, 32, *RELEASED_SIZE.values())


def _frames_of_the_class(num_frames: int) -> tuple[int, int]:
    size = transformers.Qwen3VLVideoProcessor.size
    return smart_resize(num_frames, 720, 1280, 2, 32, size["shortest_edge"], size["longest_edge"])


def _frames_here(_: int) -> tuple[int, int]:
    patcher = Patcher(
        transformers.Qwen2VLImageProcessor(patch_size=16),
        transformers.Qwen3VLVideoProcessor(size=RELEASED_SIZE),
        shared_limits=True, pixels_per_image=None, pixels_per_frame=None,
    )  # fmt: skip
    return patcher.frame_size("video", 720, 1280)


def frame_sizes() -> Drawing:
    """A frame of 1280x720 after resizing, to scale, for m = 8, 16, 32, 64."""
    rows = (
        ("framewise", _frames_here, BLUE),
        ("transformers, limits of the release", _frames_of_the_release, RED),
        ("transformers, limits of the class", _frames_of_the_class, RED),
    )
    drawing = Drawing(760, 330, "A frame of 1280x720 pixels as Qwen3-VL sees it")
    scale, budgets = 0.085, (8, 16, 32, 64)
    for column, budget in enumerate(budgets):
        drawing.text(285 + 125 * column, 22, f"m = {budget}", INK, "middle")
    for row, (name, rule, color) in enumerate(rows):
        y = 35 + 98 * row
        drawing.text(10, y + 40, name)
        for column, budget in enumerate(budgets):
            height, width = rule(budget)
            x = 285 + 125 * column
            drawing.box(x - width * scale / 2, y, width * scale, height * scale, color)
            drawing.text(x, y + 78, f"{width}x{height}", GREY, "middle")
    return drawing


def layouts() -> Drawing:
    """What stands in a sequence for four frames of two seconds, by family."""
    frame, mark, words, pooled = "#93c5fd", "#e5e7eb", "#fde68a", "#86efac"
    start, end = ("start", 44, mark), ("end", 38, mark)
    groups = [(f"group {i}, t = {2 * i}", 130, frame) for i in range(2)]
    stills = [[(f"<{t} seconds>", 100, words), start, ("group", 70, frame), end] for t in ("0.2", "1.2")]
    rows: Sequence[tuple[str, Sequence[tuple[str, int, str]]]] = (
        ("qwen2_5_vl", [start, *groups, end]),
        ("qwen3_vl", [*stills[0], *stills[1]]),
        ("llava_next_video", [(f"frame {i}", 70, pooled) for i in range(4)]),
        ("llava", [(f"image {i}", 70, pooled) for i in range(4)]),
    )
    drawing = Drawing(760, 200, "What stands in a sequence for four frames of two seconds")
    for row, (name, parts) in enumerate(rows):
        y, x = 20 + 44 * row, 150.0
        drawing.text(10, y + 19, name)
        for label, width, fill in parts:
            drawing.box(x, y, width, 28, fill)
            drawing.text(x + width / 2, y + 19, label, INK, "middle")
            x += width
    return drawing


FIGURES = {
    "sampling": sampling,
    "time-positions": time_positions,
    "text-position": text_position,
    "frame-sizes": frame_sizes,
    "layouts": layouts,
}


def main(folder: Path = FOLDER) -> None:
    """Write every figure below ``folder``."""
    for name, draw in FIGURES.items():
        draw().write(folder / f"{name}.svg")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
