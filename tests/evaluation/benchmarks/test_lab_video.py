"""The lab's video questions: rows like those of the pictures, about clips; faults are tested there."""

import json
import runpy
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise._plugins import load_plugin

_images = runpy.run_path(str(Path(__file__).with_name("test_lab_image.py")))


def _about_clips(root: Path) -> Path:
    """The same questions about clips."""
    images = root / "benchmarks/lab_image.jsonl"
    rows = (
        images.read_text().replace('"image"', '"video"').replace("<image>", "<video>").replace(".png", ".mp4")
    )
    images.rename(images.with_name("lab_video.jsonl")).write_text(rows)
    return root


def tiny_data_root(folder: Path) -> Path:
    """A data root in the official format; the shared contract of benchmarks is tested on it."""
    return _about_clips(_images["tiny_data_root"](folder))


def test_reads_what_the_row_says(tmp_path: Path) -> None:
    benchmark = load_plugin("benchmarks", "lab_video")()
    (item,) = benchmark.items(_about_clips(_images["write_lines"](tmp_path, json.dumps(_images["ROW"]))))
    assert benchmark.modality == "video"
    assert (item.media[0].kind, item.media[0].path) == ("video", "media/c1.mp4")
    assert item.prompt == "<video>How many circles are there? 1, 2, 3 or 4?"


def test_a_malformed_row_names_its_own_file(tmp_path: Path) -> None:
    root = _about_clips(_images["write_lines"](tmp_path, "{"))
    with pytest.raises(UsageError, match=r"lab_video\.jsonl:1: Expecting property name"):
        list(load_plugin("benchmarks", "lab_video")().items(root))
