"""Exporter ``llava_next``: containers of one frame a second, and no clock."""

from pathlib import Path

import av
import pytest
from export_dataset import (
    Dataset,
    cautions,
    change_rows,
    change_text,
    data,
    faults,
    hybrid,
    media_fixtures,
    refused,
    turns,
)

from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise.exports import SIDECAR, verify
from framewise.exports._header import read_header
from framewise.exports._shell import read_script


def one_clip(root: Path, num_frames: int = 16, seconds: float = 40.0) -> Path:
    dataset = Dataset(root)
    dataset.add("a", (num_frames, seconds))
    return dataset.export("llava_next")


def test_a_video_is_marked_as_an_image(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in data(hybrid(tmp_path).export("llava_next"))}
    talk = [{"from": "human", "value": "<image>What is it?"}, {"from": "gpt", "value": "It is so."}]
    assert rows["r0"] == {"id": "r0", "conversations": talk, "video": "clips/r/r0-0-8.mp4"}
    assert rows["picture"].keys() == {"id", "conversations", "image"}
    assert rows["text"].keys() == {"id", "conversations"}


def test_containers_say_one_frame_a_second_and_hold_the_very_same_pictures(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    promise = next(iter(read_rows(folder / SIDECAR)))
    header = read_header(folder / promise["path"])
    assert (header.fps, header.stated_frames, header.duration_seconds) == (1.0, 16, 16.0)
    with av.open(str(folder / promise["path"])) as container:
        frames = list(container.decode(video=0))
    assert [float(frame.time) for frame in frames] == list(range(16))
    numbers = [media_fixtures.read_numbers(f.to_ndarray(format="rgb24")[None])[0] for f in frames]
    assert numbers == list(range(16))
    # The times of the original stay in the sidecar; the model is told none.
    assert promise["times_seconds"][:2] == [1.25, 3.75]
    assert promise["seen"] == {"num_frames": 16, "indices": list(range(16))}


def test_settings_are_those_under_which_all_frames_are_taken(tmp_path: Path) -> None:
    flags, _ = read_script(hybrid(tmp_path).export("llava_next") / "train.sh")
    wanted = {
        "video_fps": "1",
        "frames_upbound": "64",
        "force_sample": "false",
        "add_time_instruction": "false",
    }
    assert flags.items() >= wanted.items()


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        ("frames_upbound 16", "frames_upbound 8", "8 frames instead of 16"),
        (r"frames_upbound 16 \\\n    --force_sample false",
         "frames_upbound 12 \\\n    --force_sample true", "12 frames instead of 16"),
        ("add_time_instruction false", "add_time_instruction true", "told times, which it should not be"),
        ("video_fps 1", "video_fps 2", "the next sample is trained"),
    ],
)  # fmt: skip
def test_changed_settings_are_caught(tmp_path: Path, pattern: str, replacement: str, reason: str) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.sh", pattern, replacement)
    assert reason in faults(folder)["a"]


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "fast"])
def test_a_rate_that_the_trainer_does_not_take_is_said(tmp_path: Path, value: str) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.sh", "video_fps 1", f"video_fps {value}")
    with pytest.raises(UsageError, match="video_fps"):
        verify(folder)


def test_a_clip_at_its_own_rate_would_be_thinned_or_taken_as_unreadable(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("fast", (16, 4.0))
    dataset.add("slow", (16, 40.0))
    folder = dataset.export("llava_next")

    def name_originals(rows: list) -> None:
        for row, clip in zip(rows, dataset.clips, strict=True):
            row["video"] = str(dataset.materialised / clip["path"])

    change_rows(folder, name_originals)
    found = faults(folder)
    assert "instead of clips/" in found["fast"]
    assert "0.4 frames a second are a stride of 0" in found["slow"]


def test_the_number_may_be_odd(tmp_path: Path) -> None:
    assert faults(one_clip(tmp_path, num_frames=9)) == {}


def test_what_its_layout_cannot_say_is_left_out(tmp_path: Path, write_image) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("mixed", (8, 4.0), images=1)
    write_image(tmp_path / "mixed-0.png")
    dataset.add("several", (8, 4.0), (8, 4.0))
    for name in ("system", "shown", "kept"):
        dataset.add(name, (8, 4.0))
    ask, say = ("user", "<video>Why?"), ("assistant", "So.")
    dataset.rows[2]["turns"] = turns(("system", "Be brief."), ask, say)
    dataset.rows[3]["turns"] = turns(("user", "Why?"), ("assistant", "<video>So."))
    folder = dataset.export("llava_next")
    assert [row["id"] for row in data(folder)] == ["kept"]
    found = refused(folder)
    assert "only one kind" in found["mixed"]
    assert "2 videos" in found["several"]
    assert "system" in found["system"]
    assert "outside the user's turns" in found["shown"]


def test_a_path_that_means_a_folder_of_frames_is_left_out(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("shareVideoGPTV", (8, 4.0))
    dataset.add("kept", (8, 4.0))
    folder = dataset.export("llava_next")
    assert "folder of frames" in refused(folder)["shareVideoGPTV"]


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("long", (256, 40.0))
    said = cautions(dataset.export("llava_next"))
    assert "told no times" in said
    assert "replaced by the next sample" in said
    # 256 x 210 tokens.
    assert "1 samples may exceed the context of 32768 tokens" in said
