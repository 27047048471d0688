"""Exporter ``trl``: parts with their number of frames, and the collator that reads them."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from export_dataset import (
    Dataset,
    cautions,
    change_rows,
    data,
    data_file,
    faults,
    hybrid,
    model_of_type,
    refused,
    turns,
)
from launched import launched
from transformers.video_utils import VideoMetadata

from framewise._jsonl import read_rows
from framewise.exports import SIDECAR

PARTS = (
    "{% for part in message.content %}{%- if part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{%- elif part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{%- else %}{{ part.text }}"
    "{%- endif %}{% endfor %}"
)
LINES = (
    f"{{% for message in messages %}}<|im_start|>{{{{ message.role }}}}\n{PARTS}<|im_end|>\n{{% endfor %}}"
)
STRIPPED = (
    f"{{% for message in messages %}}<|im_start|>{{{{ message.role }}}}{PARTS}<|im_end|>{{%- endfor %}}"
)


def one_clip(root: Path, *said: tuple[str, str]) -> Path:
    dataset = Dataset(root)
    dataset.add("a", (8, 4.0), **({"turns": turns(*said)} if said else {}))
    return dataset.export("trl", model=model_of_type(root, "qwen2_5_vl"))


def test_parts_of_videos_have_their_number_and_size(tmp_path: Path) -> None:
    rows = {row["id"]: row for row in data(hybrid(tmp_path).export("trl"))}
    asked = {"type": "text", "text": "What is it?"}
    video = {"type": "video", "video": "clips/r/r1-0-16.mp4"}
    limits = {"min_pixels": 56 * 84, "max_pixels": 56 * 84}
    said = {"role": "assistant", "content": [{"type": "text", "text": "It is so."}]}
    assert rows["r1"] == {
        "id": "r1",
        "messages": [{"role": "user", "content": [{**video, "nframes": 16, **limits}, asked]}, said],
    }
    image = {"type": "image", "image": str(tmp_path / "picture-0.png"), "max_pixels": 1024 * 28 * 28}
    assert rows["picture"]["messages"][0]["content"] == [image, asked]


def test_each_video_of_a_row_has_a_number_of_its_own(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("a", (8, 4.0), (64, 4.0))
    folder = dataset.export("trl")
    assert [part["nframes"] for part in data(folder)[0]["messages"][0]["content"][:2]] == [8, 64]
    assert [row["num_frames"] for row in read_rows(folder / SIDECAR)] == [8, 64]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"nframes": 6}, "6 frames instead of 8"),
        ({"nframes": 64}, "must lie between 2 and 8"),
        ({"nframes": None}, "nframes is null"),
        ({"fps": 2.0}, "fps and nframes at once"),
        ({"min_pixels": 0, "max_pixels": 0}, "malformed"),
        ({"min_pixels": 10**6}, "below min_pixels"),
        ({"video_start": 2.0}, "must lie between 2 and 4"),
        ({"video": "clips/other.mp4"}, "does not open"),
    ],
)
def test_changed_parts_are_caught(tmp_path: Path, options: dict[str, object], reason: str) -> None:
    folder = one_clip(tmp_path)
    change_rows(folder, lambda rows: rows[0]["messages"][0]["content"][0].update(options))
    assert reason in faults(folder)["a"]


@pytest.mark.parametrize("name", ["trl_collator.py", "trl_train.py"])
def test_changed_programs_are_not_trusted(tmp_path: Path, name: str) -> None:
    folder = one_clip(tmp_path)
    with (folder / name).open("a") as file:
        file.write("\n")
    assert f"{name} is not the one that was exported" in faults(folder)["a"]


def test_odd_numbers_are_left_out_and_the_collator_is_named(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add("odd", (9, 4.0))
    dataset.add("kept", (8, 4.0))
    folder = dataset.export("trl")
    assert "in pairs" in refused(folder)["odd"]
    assert "only with trl_collator.py" in cautions(folder)


def test_the_script_starts_the_shipped_program_in_the_export(tmp_path: Path) -> None:
    folder = one_clip(tmp_path)
    words, _, place = launched(folder / "train.sh", tmp_path / "programs")
    assert (words[:2], place) == (["launch", "trl_train.py"], folder)
    assert "from trl_collator import VideoCollator" in (folder / "trl_train.py").read_text()


# ---- the collator, with qwen-vl-utils replaced by a reader of frames ----


@pytest.fixture
def collate(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[dict[str, torch.Tensor], Any]]:
    """``collate(folder, template) -> (batch, tokenizer)`` for all rows of an export, by its own collator."""

    def run(folder: Path, template: str = LINES) -> tuple[dict[str, torch.Tensor], Any]:
        monkeypatch.setitem(sys.modules, "qwen_vl_utils", stand_in(folder))
        processor = transformers.AutoProcessor.from_pretrained(tiny_checkpoint)
        processor.chat_template = processor.tokenizer.chat_template = template
        rows = [{"text": line} for line in data_file(folder).read_text().splitlines()]
        return load(folder / "trl_collator.py").VideoCollator(processor)(rows), processor.tokenizer

    return run


def stand_in(folder: Path) -> ModuleType:
    """A qwen-vl-utils that gives grey frames of 16 x 32 pixels, as many as a part asks for."""

    def process_vision_info(
        conversations: list, *, return_video_kwargs: bool, return_video_metadata: bool, image_patch_size: int
    ) -> tuple[Any, Any, dict[str, Any]]:
        assert (return_video_kwargs, return_video_metadata, image_patch_size) == (True, True, 8)
        parts = [part for messages in conversations for m in messages for part in m["content"]]
        assert all((folder / part["video"]).is_file() for part in parts if part["type"] == "video")
        videos = [video(part["nframes"]) for part in parts if part["type"] == "video"]
        images = [torch.full((3, 16, 32), 128.0) for part in parts if part["type"] == "image"]
        return images or None, videos or None, {"do_sample_frames": False}

    module = ModuleType("qwen_vl_utils")
    module.process_vision_info = process_vision_info
    return module


def video(num_frames: int) -> tuple[torch.Tensor, VideoMetadata]:
    indices = np.arange(num_frames)
    metadata = VideoMetadata(total_num_frames=num_frames, fps=2.0, frames_indices=indices, duration=4.0)
    return torch.full((num_frames, 3, 16, 32), 128.0), metadata


def load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("trl_collator", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def learnt(batch: dict[str, torch.Tensor], tokenizer: Any) -> list[str]:
    assert torch.equal(batch["labels"][batch["labels"] >= 0], batch["input_ids"][batch["labels"] >= 0])
    return [tokenizer.decode(row[row >= 0]) for row in batch["labels"]]


def test_a_batch_has_all_frames_and_learns_what_is_answered(tmp_path: Path, collate) -> None:
    dataset = hybrid(tmp_path)
    batch, tokenizer = collate(dataset.export("trl", model=model_of_type(tmp_path, "qwen2_5_vl")))
    # Groups of two frames, two patches of 8 pixels high and four wide.
    assert batch["video_grid_thw"].tolist() == [[m // 2, 2, 4] for m in (8, 16, 32, 64)]
    assert batch["second_per_grid_ts"].tolist() == [1.0] * 4
    assert learnt(batch, tokenizer) == ["It is so.<|im_end|>"] * 6


@pytest.mark.parametrize("template", [LINES, STRIPPED], ids=["lines", "stripped"])
@pytest.mark.parametrize("answer", ["So.", "\nSo.", "\n\nSo.", "assistant\nis a word", " é\n", "assistant"])
def test_answers_are_learnt_whatever_the_template_strips(
    tmp_path: Path, collate, template: str, answer: str
) -> None:
    said = (("system", "Be brief."), ("user", "<video>Why?"), ("assistant", answer), ("user", "assistant\n?"))
    folder = one_clip(tmp_path, *said, ("assistant", "Yes."))
    batch, tokenizer = collate(folder, template)
    whole = learnt(batch, tokenizer)[0]
    # Where the role's line has no end, an answer's own first newline is read as that end.
    assert whole.replace("\n", "") == f"{answer}<|im_end|>Yes.<|im_end|>".replace("\n", "")
    assert template == STRIPPED or whole == f"{answer}<|im_end|>Yes.<|im_end|>"


@pytest.mark.parametrize(
    "template",
    [
        LINES.replace("message.role", "'model'"),
        LINES.replace("<|im_end|>", ""),
        LINES.replace("<|im_start|>", ""),
    ],
)
def test_a_template_without_turns_of_assistants_is_an_error(tmp_path: Path, collate, template: str) -> None:
    with pytest.raises(ValueError, match=r"0 turns of an assistant are found .* that has 1: .*chat template"):
        collate(one_clip(tmp_path), template)


def test_a_question_that_holds_marks_of_turns_is_an_error(tmp_path: Path, collate) -> None:
    asked = "<video>Why?<|im_end|>\n<|im_start|>assistant\nBecause.<|im_end|>"
    with pytest.raises(ValueError, match=r"2 turns of an assistant .* that has 1: .*marks of turns"):
        collate(one_clip(tmp_path, ("user", asked), ("assistant", "So.")))


def test_a_row_without_an_answer_is_an_error(tmp_path: Path, collate) -> None:
    folder = one_clip(tmp_path)
    change_rows(folder, lambda rows: rows[0]["messages"].pop())
    with pytest.raises(ValueError, match=r"0 turns of an assistant .* that has 0"):
        collate(folder)


def test_a_tokenizer_without_marks_of_turns_is_an_error(tmp_path: Path) -> None:
    class Tokenizer:
        def get_vocab(self) -> dict[str, int]:
            return {"<|im_start|>": 0}

    class Processor:
        tokenizer = Tokenizer()

    with pytest.raises(ValueError, match=r"no <\|im_end\|>: it is not that of a Qwen model"):
        load(one_clip(tmp_path) / "trl_collator.py").VideoCollator(Processor())
