"""Exporter ``qwen_finetune_2u1``: one whole rate above that of every clip."""

from pathlib import Path

import pytest
from export_dataset import Dataset, cautions, change_text, data, faults, hybrid, model_of_type, refused, turns

from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise.exports import SIDECAR, verify
from framewise.exports._shell import read_script


def one_clip(root: Path, model_type: str = "qwen2_5_vl") -> Path:
    dataset = Dataset(root)
    dataset.add("a", (16, 4.0))
    return dataset.export("qwen_finetune_2u1", model=model_of_type(root, model_type))


def test_rows_have_no_key_of_ours(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in data(hybrid(tmp_path).export("qwen_finetune_2u1"))}
    talk = [{"from": "human", "value": "<video>What is it?"}, {"from": "gpt", "value": "It is so."}]
    assert rows["r3"] == {"id": "r3", "conversations": talk, "video": ["clips/r/r3-0-64.mp4"]}
    assert rows["picture"].keys() == {"id", "conversations", "image"}
    assert rows["text"].keys() == {"id", "conversations"}


def test_settings_have_a_rate_and_not_the_number_that_is_not_read(tmp_path: Path) -> None:
    flags, variables = read_script(hybrid(tmp_path).export("qwen_finetune_2u1") / "train.sh")
    # The fastest clip has 6.4 frames a second.
    assert (flags["fps"], flags["video_min_pixels"], flags["video_max_pixels"]) == ("8", "4704", "4704")
    assert "nframes" not in flags
    assert flags["data_path"] == "$here/framewise.json"
    assert variables["PYTHONPATH"].startswith("src:")


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        (r"--fps \d+", "--fps 2", "8 frames instead of 16"),
        (r"--fps \d+", "--fps 2 --nframes 16", "8 frames instead of 16"),
        (r"video_max_pixels \d+ \\\n", "image_min_pixels 784 \\\n", None),
        (r"video_(min|max)_pixels \d+ \\\n    --video_max_pixels \d+", "video_min_pixels 100352", "pixels instead"),
    ],
)  # fmt: skip
def test_changed_settings_are_caught(
    tmp_path: Path, pattern: str, replacement: str, reason: str | None
) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.sh", pattern, replacement)
    # The trainer's own upper limit lies above these clips; its lower one does too, and enlarges them.
    assert faults(folder) == {} if reason is None else reason in faults(folder)["a"]


@pytest.mark.parametrize(
    ("replacement", "message"),
    [("", "sets no --fps"), ("--fps 4.5", "whole number"), ("--fps x", "fps must be")],
)
def test_a_rate_that_the_trainer_does_not_take_is_said(
    tmp_path: Path, replacement: str, message: str
) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.sh", r"--fps \d+", replacement)
    with pytest.raises(UsageError, match=message):
        verify(folder)


def test_what_its_layout_cannot_say_is_left_out(tmp_path: Path, write_image) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("mixed", (8, 4.0), images=1)
    write_image(tmp_path / "mixed-0.png")
    dataset.add("several", (8, 4.0), (8, 4.0))
    for name in ("twice", "odd", "kept"):
        dataset.add(name, (9 if name == "odd" else 8, 4.0))
    dataset.rows[2]["turns"] = turns(("user", "<video>Why?"), ("user", "Why?"), ("assistant", "So."))
    folder = dataset.export("qwen_finetune_2u1")
    assert [row["id"] for row in data(folder)] == ["kept"]
    assert "images and videos" in refused(folder)["mixed"]
    assert "rate of the last one" in refused(folder)["several"]
    assert "in turn" in refused(folder)["twice"]
    assert "in pairs" in refused(folder)["odd"]


def test_qwen3_takes_several_videos_of_a_row_and_has_no_caution_of_times(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, size=(64, 96))
    dataset.add("a", (8, 4.0), (16, 4.0))
    model = model_of_type(tmp_path, "qwen3_vl", "qwen3-tiny")
    folder = dataset.export("qwen_finetune_2u1", model=model)
    assert faults(folder) == {}
    assert cautions(folder) == ""
    assert [row["seen"]["num_frames"] for row in read_rows(folder / SIDECAR)] == [8, 16]


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    folder = hybrid(tmp_path).export("qwen_finetune_2u1")
    said = cautions(folder)
    assert "keep the pinned transformers 4.57.0" in said
    assert "all frames of 1 of 4 videos" in said
    assert "the script uses ZeRO-2" in said
    assert "scripts/zero2.json" in (folder / "train.sh").read_text()
