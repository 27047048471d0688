"""Exporter ``axolotl``: clips that the processor takes whole, for Qwen3-VL by options at its loading."""

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
)

from framewise._errors import UsageError
from framewise.exports import verify


def one_clip(root: Path, model_type: str = "qwen2_5_vl") -> Path:
    dataset = Dataset(root)
    dataset.add("a", (16, 4.0))
    return dataset.export("axolotl", model=model_of_type(root, model_type))


def test_media_are_parts_with_a_path(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in data(hybrid(tmp_path).export("axolotl"))}
    asked = {"type": "text", "text": "What is it?"}
    said = {"role": "assistant", "content": [{"type": "text", "text": "It is so."}]}
    assert rows["r0"] == {
        "id": "r0",
        "messages": [
            {"role": "user", "content": [{"type": "video", "path": "clips/r/r0-0-8.mp4"}, asked]},
            said,
        ],
    }
    image = {"type": "image", "path": str(tmp_path / "picture-0.png")}
    assert rows["picture"]["messages"][0]["content"] == [image, asked]
    assert rows["text"]["messages"][0]["content"] == [asked]


def test_the_place_of_a_video_in_the_text_is_kept(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0), (16, 4.0))
    dataset.rows[0]["turns"][0]["text"] = "First <video> then <video>."
    content = data(dataset.export("axolotl"))[0]["messages"][0]["content"]
    assert [part.get("text", part.get("path")) for part in content] == [
        "First ", "clips/a/a-0-8.mp4", " then ", "clips/a/a-1-16.mp4", ".",
    ]  # fmt: skip


def test_settings_keep_media_and_do_not_pack(tmp_path: Path) -> None:
    settings = yaml.safe_load((one_clip(tmp_path) / "train.yaml").read_text())
    wanted = {"sample_packing": False, "skip_prepare_dataset": True, "remove_unused_columns": False}
    assert (
        settings.items() >= {**wanted, "chat_template": "qwen2_vl", "processor_type": "AutoProcessor"}.items()
    )
    assert settings["datasets"] == [{"path": "framewise.jsonl", "ds_type": "json", "type": "chat_template"}]
    assert "processor_kwargs" not in settings


def test_qwen3_is_given_a_rate_above_every_clip(tmp_path: Path) -> None:
    folder = one_clip(tmp_path, "qwen3_vl")
    settings = yaml.safe_load((folder / "train.yaml").read_text())
    assert settings["processor_kwargs"] == {"fps": 5, "min_frames": 2, "max_frames": 16}
    assert faults(folder) == {}


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        # The released rate is 2: 8 of 16 frames in 4 s.
        (r"processor_kwargs:\n(  .*\n)*", "", "8 frames instead of 16"),
        (r"  fps: \d+", "  fps: 1", "4 frames instead of 16"),
        (r"max_frames: \d+", "max_frames: 12", "12 frames instead of 16"),
        ("sample_packing: false", "sample_packing: true", "axolotl refuses"),
    ],
)
def test_changed_settings_are_caught_for_qwen3(
    tmp_path: Path, pattern: str, replacement: str, reason: str
) -> None:
    folder = one_clip(tmp_path, "qwen3_vl")
    change_text(folder / "train.yaml", pattern, replacement)
    assert reason in faults(folder)["a"]


def test_qwen2_5_takes_all_frames_whatever_the_rate(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.yaml", "processor_type:", "processor_kwargs: {fps: 1}\nprocessor_type:")
    assert faults(folder) == {}


@pytest.mark.parametrize("value", ["5", "[fps]", "{fps: many}", "{max_frames: .inf}"])
def test_options_that_are_no_numbers_are_said(tmp_path: Path, value: str) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.yaml", "processor_type:", f"processor_kwargs: {value}\nprocessor_type:")
    with pytest.raises(UsageError, match="processor_kwargs"):
        verify(folder)


def test_a_list_of_frames_in_the_place_of_a_clip_is_caught(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    change_rows(folder, lambda rows: rows[0]["messages"][0]["content"][0].update(path=["1.png", "2.png"]))
    assert "malformed" in faults(folder)["a"]


def test_odd_numbers_are_left_out_and_what_is_lost_is_said(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("odd", (9, 4.0))
    dataset.add("kept", (16, 4.0))
    folder = dataset.export("axolotl")
    assert "in pairs" in refused(folder)["odd"]
    said = cautions(folder)
    assert "axolotl pins transformers 5.14.1" in said
    assert "all frames of 1 of 1 videos" in said
    assert "checkpoint's own limits" in said
