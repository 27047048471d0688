"""Exporter ``qwen_finetune``: a rate in each row, and the launcher that hands it to the processor."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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
)

from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise.exports import SIDECAR, verify
from framewise.exports._shell import read_script


def one_clip(root: Path, model_type: str = "qwen2_5_vl") -> Path:
    dataset = Dataset(root)
    dataset.add("a", (16, 4.0))
    return dataset.export("qwen_finetune", model=model_of_type(root, model_type))


def test_rows_have_the_rate_of_their_clip(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in data(hybrid(tmp_path).export("qwen_finetune"))}
    talk = [{"from": "human", "value": "<video>What is it?"}, {"from": "gpt", "value": "It is so."}]
    clip = ["clips/r/r1-0-16.mp4"]
    assert rows["r1"] == {"id": "r1", "conversations": talk, "video": clip, "framewise_fps": 16 / 30}
    assert rows["picture"].keys() == {"id", "conversations", "image"}
    assert rows["text"].keys() == {"id", "conversations"}


def test_a_rate_that_is_lost_or_changed_tells_wrong_times(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    change_rows(folder, lambda rows: rows[0].update(framewise_fps=2.0))
    assert "frame 1 is said to be at 0.500 s instead of 0.250 s" in faults(folder)["a"]
    change_rows(folder, lambda rows: rows[0].pop("framewise_fps"))
    # The script's rate lies above that of every clip: 5 frames a second.
    assert "frame 1 is said to be at 0.200 s instead of 0.250 s" in faults(folder)["a"]


@pytest.mark.parametrize("rate", [0, "fast", [], -4.0])
def test_a_rate_that_is_none_is_caught(tmp_path: Path, rate: object) -> None:
    folder = one_clip(tmp_path)
    change_rows(folder, lambda rows: rows[0].update(framewise_fps=rate))
    assert set(faults(folder)) == {"a"}


def test_without_its_launcher_every_clip_is_told_one_rate(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.sh", '"[$]here/qwen_finetune_launch.py"', "qwenvl/train/train_qwen.py")
    assert "at 0.200 s instead of 0.250 s" in faults(folder)["a"]


def test_a_changed_launcher_is_not_trusted(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    with (folder / "qwen_finetune_launch.py").open("a") as file:
        file.write("\n")
    assert "at 0.200 s instead of 0.250 s" in faults(folder)["a"]


def test_qwen3_counts_the_pixels_of_all_frames_together(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, size=(64, 96))
    dataset.add("a", (8, 4.0))
    dataset.add("b", (64, 4.0))
    folder = dataset.export("qwen_finetune", model=model_of_type(tmp_path, "qwen3_vl"))
    flags, _ = read_script(folder / "train.sh")
    assert (flags["video_min_pixels"], flags["video_max_pixels"]) == (str(8 * 64 * 96), str(64 * 64 * 96))
    assert (flags["video_fps"], flags["video_min_frames"], flags["video_max_frames"]) == ("17", "4", "64")
    assert faults(folder) == {}
    # The trainer's own limit for 8 frames and up shrinks the frames of the longer clip alone.
    change_text(folder / "train.sh", r"video_max_pixels \d+", f"video_max_pixels {16 * 64 * 96}")
    assert "pixels instead of 96x64" in faults(folder)["b"]
    assert "a" not in faults(folder)


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        (r"video_max_frames \d+", "video_max_frames 8", "8 frames instead of 16"),
        (r" *--video_max_frames \d+ \\\n", "", "8 frames instead of 16"),
        (r"video_fps \d+", "video_fps 1", "4 frames instead of 16"),
    ],
)
def test_changed_sampling_is_caught_for_qwen3(
    tmp_path: Path, pattern: str, replacement: str, reason: str
) -> None:
    folder = one_clip(tmp_path, "qwen3_vl")
    change_text(folder / "train.sh", pattern, replacement)
    assert reason in faults(folder)["a"]


def test_a_setting_that_is_no_number_is_said(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    change_text(folder / "train.sh", r"video_max_frames \d+", "video_max_frames many")
    with pytest.raises(
        UsageError, match=r"train\.sh: video_max_frames must be a whole number, and is 'many'"
    ):
        verify(folder)


def test_what_its_layout_cannot_say_is_left_out(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("several", (8, 4.0), (8, 4.0))
    for name in ("system", "odd", "kept"):
        dataset.add(name, (9 if name == "odd" else 8, 4.0))
    said = turns(("system", "Be brief."), ("user", "<video>Why?"), ("assistant", "So."))
    dataset.rows[1]["turns"] = said
    folder = dataset.export("qwen_finetune")
    assert [row["id"] for row in data(folder)] == ["kept"]
    assert "one rate for the videos of a row" in refused(folder)["several"]
    assert "system" in refused(folder)["system"]
    assert "in pairs" in refused(folder)["odd"]


def test_qwen3_takes_several_videos_with_their_own_times(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path, size=(64, 96))
    dataset.add("a", (8, 4.0), (8, 16.0))
    folder = dataset.export("qwen_finetune", model=model_of_type(tmp_path, "qwen3_vl"))
    assert "framewise_fps" not in data(folder)[0]
    assert [row["seen"]["seconds"][1] for row in read_rows(folder / SIDECAR)] == [0.5, 2.0]
    assert faults(folder) == {}


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    said = cautions(hybrid(tmp_path).export("qwen_finetune", model=model_of_type(tmp_path, "qwen2_5_vl")))
    assert "lacks 'qwen2.5': rename the folder" in said
    assert "ZeRO-2" in said
    assert "only through qwen_finetune_launch.py" in said
    assert "Try other" in said


def load(file: Path):
    spec = importlib.util.spec_from_file_location("launcher", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shipped_launcher_sets_the_rate_before_a_row_is_encoded(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    launcher = load(folder / "qwen_finetune_launch.py")

    class TrainersDataset:
        def __init__(self, samples: bool) -> None:
            self.processor = SimpleNamespace(
                video_processor=SimpleNamespace(fps=2.0, do_sample_frames=samples)
            )

        def _get_item(self, sources: list) -> float:
            return self.processor.video_processor.fps

    launcher.tell_rates(TrainersDataset)
    row = data(folder)[0]
    assert TrainersDataset(False)._get_item([row]) == 4.0
    assert TrainersDataset(True)._get_item([row]) == 2.0
    assert TrainersDataset(False)._get_item([{"id": "text"}]) == 2.0


def test_the_shipped_launcher_runs_the_trainers_program_on_the_export(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    trainer = tmp_path / "trainer" / "qwenvl"
    for place in ("data", "train"):
        (trainer / place).mkdir(parents=True)
    (trainer / "__init__.py").touch()
    (trainer / "data" / "__init__.py").write_text("data_dict = {}\n")
    (trainer / "data" / "data_processor.py").write_text(
        "class LazySupervisedDataset:\n    def _get_item(self, sources): pass\n"
    )
    (trainer / "train" / "neighbour.py").touch()
    (trainer / "train" / "train_qwen.py").write_text(
        "import json, sys, neighbour\nfrom qwenvl.data import data_dict\nfrom qwenvl.data.data_processor import *\n"
        "print(json.dumps([data_dict, sys.argv[1:], LazySupervisedDataset._get_item.__name__, __name__]))\n"
    )
    command = [sys.executable, folder / "qwen_finetune_launch.py", "--dataset_use", "framewise"]
    done = subprocess.run(command, cwd=trainer.parent, capture_output=True, text=True, check=True)
    registry, words, encode, name = json.loads(done.stdout)
    place = {"annotation_path": str(folder / "framewise.jsonl"), "data_path": str(folder)}
    assert registry == {"framewise": place}
    assert words == ["--dataset_use", "framewise"]
    assert (encode, name) == ("encode_at_rate", "__main__")
