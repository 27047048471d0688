"""Exporter ``llama_factory``: clips under a rate above theirs, in its registry and its yaml."""

from pathlib import Path

import pytest
import yaml
from export_dataset import (
    Dataset,
    cautions,
    change_rows,
    change_text,
    data,
    faults,
    hybrid,
    model_of_type,
    refused,
    turns,
)

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows, write_json
from framewise.exports import SIDECAR, verify
from framewise.exports._header import Header
from framewise.exports._rules_llama_factory import regularised, sample_indices
from framewise.exports.exporters import llama_factory


def one_clip(root: Path, num_frames: int = 8, seconds: float = 4.0, **options: object) -> Path:
    dataset = Dataset(root)
    dataset.add("a", (num_frames, seconds))
    return dataset.export("llama_factory", **options)


def test_rows_are_sharegpt_and_every_row_has_every_column(tmp_path: Path) -> None:
    folder = hybrid(tmp_path).export("llama_factory")
    rows = {row["id"]: row for row in data(folder)}
    talk = [{"from": "human", "value": "<video>What is it?"}, {"from": "gpt", "value": "It is so."}]
    assert rows["r1"] == {"id": "r1", "conversations": talk, "videos": ["clips/r/r1-0-16.mp4"], "images": []}
    assert (rows["picture"]["videos"], rows["text"]["images"]) == ([], [])
    columns = {"messages": "conversations", "videos": "videos", "images": "images"}
    assert read_json(folder / "dataset_info.json") == {
        "framewise": {"file_name": "framewise.json", "formatting": "sharegpt", "columns": columns}
    }


def test_a_column_that_no_row_has_is_not_named(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    assert read_json(folder / "dataset_info.json")["framewise"]["columns"].keys() == {"messages", "videos"}
    assert data(folder)[0].keys() == {"id", "conversations", "videos"}


def test_settings_take_every_frame_at_its_size(tmp_path: Path) -> None:
    settings = yaml.safe_load((hybrid(tmp_path).export("llama_factory") / "train.yaml").read_text())
    # The fastest clip has 64 frames in 10 s.
    assert settings["video_fps"] == 8.0
    assert settings["video_maxlen"] == 64
    assert settings["video_max_pixels"] == 56 * 84
    assert settings["video_min_pixels"] <= 56 * 84
    assert (settings["template"], settings["media_dir"], settings["dataset"]) == (
        "qwen2_vl",
        ".",
        "framewise",
    )
    # 64 frames are 32 groups of 2 x 3 tokens.
    assert settings["cutoff_len"] >= 32 * 6


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        ("video_fps: .*", "video_fps: 1.0", "4 frames instead of 8"),
        ("video_fps: .*\n", "", None),
        ("video_maxlen: .*", "video_maxlen: 6", "6 frames instead of 8"),
        ("video_max_pixels: .*", "video_max_pixels: 784", "pixels instead of 84x56"),
        ("video_min_pixels: .*", "video_min_pixels: 100000", "pixels instead of 84x56"),
    ],
)
def test_changed_settings_are_caught(
    tmp_path: Path, pattern: str, replacement: str, reason: str | None
) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.yaml", pattern, replacement)
    # Without video_fps it is 2, which by luck takes 8 frames of 4 s.
    assert faults(folder) == {} if reason is None else reason in faults(folder)["a"]


@pytest.mark.parametrize("value", ["many", "[1]", ".nan", "{a: 1}"])
def test_a_setting_that_is_no_number_is_said(tmp_path: Path, value: str) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.yaml", "video_maxlen: .*", f"video_maxlen: {value}")
    with pytest.raises(UsageError, match=r"train.yaml: video_maxlen must be a whole number"):
        verify(folder)


@pytest.mark.parametrize(
    "registry", [[], {}, {"framewise": 5}, {"framewise": {"file_name": "x", "columns": 5}}]
)
def test_a_broken_registry_is_said(tmp_path: Path, registry: object) -> None:
    folder = one_clip(tmp_path)
    write_json(folder / "dataset_info.json", registry)
    with pytest.raises(UsageError, match=r"dataset_info\.json"):
        verify(folder)


def test_a_lost_column_and_a_lost_clip_are_caught(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    change_rows(folder, lambda rows: rows[0].update(videos=[]))
    assert faults(folder) == {"a": "0 videos instead of 1"}
    registry = read_json(folder / "dataset_info.json")
    del registry["framewise"]["columns"]["videos"]
    write_json(folder / "dataset_info.json", registry)
    assert faults(folder) == {"a": "0 videos instead of 1"}


def test_system_and_user_and_assistant_in_turn(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    for name in ("system", "twice", "last"):
        dataset.add(name, (8, 4.0))
    ask, say = ("user", "<video>Why?"), ("assistant", "So.")
    dataset.rows[0]["turns"] = turns(("system", "Be brief."), ask, say)
    dataset.rows[1]["turns"] = turns(ask, ("user", "Why?"), say, say)
    dataset.rows[2]["turns"] = turns(ask, say, ("user", "And?"))
    folder = dataset.export("llama_factory")
    assert [row["id"] for row in data(folder)] == ["system"]
    assert data(folder)[0]["conversations"][0] == {"from": "system", "value": "Be brief."}
    assert "user, user, assistant, assistant" in refused(folder)["twice"]
    assert "in turn" in refused(folder)["last"]


def test_old_transformers_are_cautioned_of_with_the_right_counts(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("collapsed", (64, 20.0))  # 0.6 s a group
    dataset.add("shifted", (8, 5.0))  # 1.25 s
    dataset.add("right", (8, 16.0))  # 4 s
    said = cautions(dataset.export("llama_factory"))
    assert "all frames of 1 of 3 videos" in said
    assert "those of 1 more are placed too early" in said


def test_qwen3_has_its_own_template_and_no_caution_of_positions(tmp_path: Path) -> None:
    folder = one_clip(tmp_path, model=model_of_type(tmp_path, "qwen3_vl"))
    settings = yaml.safe_load((folder / "train.yaml").read_text())
    assert settings["template"] == "qwen3_vl_nothink"
    assert cautions(folder) == ""
    # Blocks of 32: 56 x 84 becomes 64 x 96.
    seen = next(iter(read_rows(folder / SIDECAR)))["seen"]
    assert (seen["height"], seen["width"]) == (64, 96)
    assert faults(folder) == {}


def test_qwen3_clips_above_the_released_ceiling_are_cautioned_of(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(llama_factory, "_RELEASED_QWEN3_CEILING", 8 * 64 * 96 - 1)
    dataset = Dataset(tmp_path, size=(64, 96))
    dataset.add("a", (8, 4.0))
    dataset.add("b", (6, 4.0))
    said = cautions(dataset.export("llama_factory", model=model_of_type(tmp_path, "qwen3_vl")))
    assert "1 videos have more than 49151 pixels" in said


def test_llava_next_video_has_one_number_in_a_row_and_one_row_in_a_batch(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("odd", (9, 3.0))
    dataset.add("unequal", (8, 3.0), (16, 3.0))
    folder = dataset.export("llama_factory", model=model_of_type(tmp_path, "llava_next_video"))
    assert [row["id"] for row in data(folder)] == ["odd"]
    assert "cannot stack" in refused(folder)["unequal"]
    seen = next(iter(read_rows(folder / SIDECAR)))["seen"]
    assert seen == {"num_frames": 9, "indices": list(range(9))}
    change_text(folder / "train.yaml", "batch_size: 1", "batch_size: 2")
    assert "per_device_train_batch_size must be 1" in faults(folder)["odd"]


def header(stated: int, seconds: float | None) -> Header:
    return Header(
        stated_frames=stated, num_frames=stated or 20, fps=2.0, duration_seconds=seconds, height=56, width=84,
        constant_rate=True,
    )  # fmt: skip


def test_its_rule_for_frames() -> None:
    assert sample_indices(header(16, 8.0), video_fps=30.0, video_maxlen=64) == tuple(range(16))
    assert sample_indices(header(100, 50.0), video_fps=30.0, video_maxlen=4) == (0, 33, 66, 99)
    assert sample_indices(header(16, 8.0), video_fps=0.5, video_maxlen=64) == (0, 5, 10, 15)
    # A container that says no number gives the first frames, which no budget asks for.
    assert sample_indices(header(0, 8.0), video_fps=0.5, video_maxlen=3) == (0, 1, 2)


def test_its_rule_for_sizes() -> None:
    assert regularised(56, 84, max_pixels=4704, min_pixels=256) == (56, 84)
    assert regularised(1080, 1920, max_pixels=65536, min_pixels=256) == (192, 341)
    assert regularised(8, 8, max_pixels=65536, min_pixels=256) == (28, 28)
    assert regularised(28, 28 * 300, max_pixels=10**9, min_pixels=1) == (28, 28 * 180)
