"""Exporter ``ms_swift``: the number of frames in each row, of clips and of originals."""

import json
from pathlib import Path

import pytest
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
    with_originals,
)

from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise.exports import SIDECAR, verify
from framewise.exports._model import target_of
from framewise.exports._shell import read_script
from framewise.exports.exporters.ms_swift import _constants


def test_a_row_has_its_number_in_chat_template_kwargs_and_nothing_that_contradicts_it(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (16, 10.0))
    assert data(dataset.export("ms_swift")) == [
        {
            "id": "a",
            "messages": [
                {"role": "user", "content": "<video>What is it?"},
                {"role": "assistant", "content": "It is so."},
            ],
            "videos": ["clips/a/a-0-16.mp4"],
            "channel": "video_m16",
            "chat_template_kwargs": {"nframes": 16, "min_pixels": 56 * 84, "max_pixels": 56 * 84},
        }
    ]


def test_rows_without_video_have_no_number(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in data(hybrid(tmp_path).export("ms_swift"))}
    assert rows["picture"].keys() == {"id", "messages", "images", "channel"}
    assert rows["text"].keys() == {"id", "messages", "channel"}
    assert [rows[key]["channel"] for key in ("picture", "text")] == ["image", "text"]


def test_settings_stop_at_a_broken_row_and_let_large_frames_through(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, size=(28 * 28, 28 * 40))
    dataset.add("a", (2, 1.0))
    flags, variables = read_script(dataset.export("ms_swift") / "train.sh")
    assert (flags["strict"], flags["dataset"], flags["model_type"]) == (
        "true",
        "framewise.jsonl",
        "qwen2_5_vl",
    )
    assert int(variables["VIDEO_MAX_TOKEN_NUM"]) == 28 * 40
    assert int(flags["max_length"]) >= 28 * 40


def test_originals_keep_their_files_windows_and_numbers(tmp_path: Path) -> None:
    folder = with_originals(tmp_path).export("ms_swift", clips=False, pixels_per_frame=4096)
    rows = data(folder)
    assert [row["videos"] for row in rows] == [[str(tmp_path / f"{name}-0.mp4")] for name in "ab"]
    limits = {"min_pixels": 1024, "max_pixels": 4096}
    assert rows[0]["chat_template_kwargs"] == {"nframes": 8, **limits}
    assert rows[1]["chat_template_kwargs"] == {
        "nframes": 16, **limits, "video_start": 2.0, "video_end": 6.0,
    }  # fmt: skip
    promises = list(read_rows(folder / SIDECAR))
    # Frames 0 to 79 at 8 a second; the window of the second holds frames 16 to 48, both included.
    assert promises[0]["indices"] == [0, 11, 23, 34, 45, 56, 68, 79]
    assert (promises[1]["indices"][0], promises[1]["indices"][-1]) == (16, 48)
    assert promises[1]["times_seconds"] == [i / 8 for i in promises[1]["indices"]]
    assert promises[1]["duration_seconds"] == 4.0
    assert "sha256" not in promises[0]


def test_originals_are_said_to_lose_the_end(tmp_path: Path) -> None:
    folder = with_originals(tmp_path).export("ms_swift", clips=False)
    # 79 frames of 1/8 s lie between the first and the last of eight, which are told 7/8 of 10 s.
    assert f"up to {79 / 8 - 70 / 8:.2f} s early" in cautions(folder)


def test_an_original_with_a_varying_rate_is_left_out(tmp_path: Path, write_clip) -> None:
    dataset = with_originals(tmp_path)
    times = [i / 8 + (0.5 if i > 40 else 0.0) for i in range(80)]
    write_clip(tmp_path / "a-0.mp4", num_frames=80, times_seconds=times)
    folder = dataset.export("ms_swift", clips=False)
    assert refused(folder).keys() == {"a"}
    assert "rate varies" in refused(folder)["a"]


@pytest.mark.parametrize(("num_frames", "reason"), [(9, "in pairs"), (82, "between 2 and 80")])
def test_a_number_that_would_be_rounded_or_is_not_there_is_left_out(
    tmp_path: Path, num_frames: int, reason: str
) -> None:
    dataset = with_originals(tmp_path)
    dataset.budgets = [dataset.budgets[1], type(dataset.budgets[0])(
        record_id="a", media_index=0, num_frames=num_frames, allocator="fixed"
    )]  # fmt: skip
    assert reason in refused(dataset.export("ms_swift", clips=False))["a"]


def test_videos_of_a_row_share_their_number(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("equal", (8, 4.0), (8, 2.0))
    dataset.add("unequal", (8, 4.0), (16, 4.0))
    folder = dataset.export("ms_swift")
    assert [row["id"] for row in data(folder)] == ["equal"]
    assert "8, 16 frames" in refused(folder)["unequal"]


def test_a_system_turn_and_images_beside_videos_are_taken(tmp_path: Path, write_image) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0), images=1)
    write_image(tmp_path / "a-0.png")
    said = turns(("system", "Be brief."), ("user", "<video><image>Why?"), ("assistant", "So."))
    dataset.rows[0]["turns"] = said
    folder = dataset.export("ms_swift")
    assert data(folder)[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert "in 1 records the limits of a frame's pixels hold for the images too" in cautions(folder)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"nframes": 16}, "nframes must lie between 2 and 8"),
        ({"nframes": 6}, "6 frames instead of 8"),
        ({"fps": 2.0}, "fps and nframes at once"),
        ({"nframes": None}, "nframes is null"),
        ({"max_pixels": 28 * 28}, "below min_pixels"),
        ({"min_pixels": 1, "max_pixels": 28 * 28}, "pixels instead of 84x56"),
        ({"video_end": 1.0}, "between 2 and"),
    ],
)
def test_changed_options_of_a_row_are_caught(tmp_path: Path, options: dict[str, object], reason: str) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0))
    folder = dataset.export("ms_swift")
    change_rows(folder, lambda rows: rows[0]["chat_template_kwargs"].update(options))
    assert reason in faults(folder)["a"]


def test_a_lost_number_falls_back_to_a_rate_and_is_caught(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 2.0))
    dataset.add("b", (8, 4.0))
    folder = dataset.export("ms_swift")
    change_rows(folder, lambda rows: [row["chat_template_kwargs"].pop("nframes") for row in rows])
    # Two frames a second: by luck right for the clip of 4 s.
    assert faults(folder) == {"a": "clips/a/a-0-8.mp4: 4 frames instead of 8"}


def test_the_environment_of_the_script_counts(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0))
    folder = dataset.export("ms_swift")
    change_text(folder / "train.sh", "export IMAGE", "export FRAME_FACTOR=16\nexport IMAGE")
    assert "between 16 and 8" in faults(folder)["a"]
    change_text(folder / "train.sh", "FRAME_FACTOR=16", "FRAME_FACTOR=many")
    with pytest.raises(UsageError, match="no number"):
        verify(folder)


def test_limits_of_pixels_in_the_environment_are_counted_in_blocks_unless_those_are_given() -> None:
    pixels = {"VIDEO_MAX_PIXELS": str(784 * 100), "VIDEO_MIN_PIXELS": "784000", "VIDEO_MIN_TOKEN_NUM": "7"}
    found = _constants({}, pixels, target_of("model", "qwen2_5_vl"))
    assert (found.video_max_token_num, found.video_min_token_num) == (100, 7)


def test_model_kwargs_count_like_the_environment(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0))
    folder = dataset.export("ms_swift")
    kwargs = json.dumps({"frame_factor": 16})
    change_text(folder / "train.sh", "--tuner_type", f"--model_kwargs '{kwargs}' --tuner_type")
    assert "between 16 and 8" in faults(folder)["a"]


def test_qwen3_is_told_times_by_frame_and_has_blocks_of_32(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, size=(64, 96))
    dataset.add("a", (64, 10.0))
    folder = dataset.export("ms_swift", model=model_of_type(tmp_path, "qwen3_vl"))
    promise = next(iter(read_rows(folder / SIDECAR)))
    assert (promise["seen"]["height"], promise["seen"]["width"]) == (64, 96)
    assert promise["seen"]["seconds"][-1] == pytest.approx(63 * 10 / 64)
    assert faults(folder) == {}
    assert cautions(folder) == ""
