"""The real loaders of other trainers on hybrid exports: every sample yields its budget, in order and in time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from export_dataset import SIDE, media_fixtures, record_row
from PIL import Image
from tokenizers import pre_tokenizers
from trainer_environments import run_loader

from framewise._jsonl import read_rows, write_rows
from framewise.budgets import Budget
from framewise.exports import SIDECAR, export, verify
from framewise.materialise import FrameSize, Workers, materialise

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

CONTROL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
FIRST_CONTROL = 151643
"""ms-swift has the ids of the released vocabulary in its source."""
CHAT = (
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% for part in message.content %}{%- if part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{%- elif part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{%- else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}"
)
ORIGINALS = ((64, 20.0), (72, 25.0), (96, 30000 / 1001), (128, 4.0), (150, 5.0), (200, 2.5), (255, 8.0))
"""Frames and frames a second: 3.2 s to 80 s."""
BUDGETS = (8, 16, 32, 64)
NUM_SAMPLES = 50


def write_checkpoint(folder: Path) -> Path:
    """A tiny random Qwen2.5-VL with the released vocabulary's control ids and patches of 14 pixels."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = alphabet + [f"<unused{i}>" for i in range(len(alphabet), FIRST_CONTROL)]
    tokenizer = transformers.Qwen2Tokenizer(vocab={name: i for i, name in enumerate(names)}, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": list(CONTROL[1:])})
    tokenizer.eos_token, tokenizer.chat_template = "<|im_end|>", CHAT
    ids = dict(zip(CONTROL, tokenizer.convert_tokens_to_ids(list(CONTROL)), strict=True))
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": 151680, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 1, "num_key_value_heads": 1, "max_position_embeddings": 32768,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
        },
        vision_config={
            "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "patch_size": 14,
            "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112, "out_hidden_size": 8,
            "fullatt_block_indexes": [0], "tokens_per_second": 2,
        },
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )  # fmt: skip
    transformers.Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    size = {"shortest_edge": 56 * 56, "longest_edge": 12845056}
    for kind in (transformers.Qwen2VLImageProcessor, transformers.Qwen2VLVideoProcessor):
        kind(patch_size=14, temporal_patch_size=2, merge_size=2, size=size).save_pretrained(folder)
    return folder


class Hybrid:
    """50 videos with the four budgets, an image and a text; clips of them, and a tiny model."""

    def __init__(self, root: Path) -> None:
        self.root, rows, budgets = root, [], []
        for number, (num_frames, fps) in enumerate(ORIGINALS):
            media_fixtures.encode_clip(
                root / f"{number}.mp4", num_frames=num_frames, fps=fps, height=SIDE[0], width=SIDE[1]
            )
        for number in range(NUM_SAMPLES):
            name, num_frames = f"s{number}", BUDGETS[number % len(BUDGETS)]
            media = [{"kind": "video", "path": f"{number % len(ORIGINALS)}.mp4"}]
            rows.append(record_row(name, media, f"What is {number}?"))
            budgets.append(Budget(record_id=name, media_index=0, num_frames=num_frames, allocator="hybrid"))
        Image.new("RGB", (84, 56)).save(root / "picture.png")
        rows += [record_row("picture", [{"kind": "image", "path": "picture.png"}]), record_row("text", [])]
        self.records, self.budgets = root / "records.jsonl", root / "budgets.jsonl"
        write_rows(self.records, rows)
        write_rows(self.budgets, [budget.to_json() for budget in budgets])
        self.clips = materialise(
            self.records,
            budgets=self.budgets,
            output=root / "clips",
            size=FrameSize(pixels_per_frame=SIDE[0] * SIDE[1]),
            workers=Workers(num_workers=1),
        )
        self.model = write_checkpoint(root / "model")

    def export(self, to: str, name: str, **options: Any) -> Path:
        output = self.root / name
        return export(
            self.records, budgets=self.budgets, to=to, model=str(self.model), output=output, **options
        )


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Hybrid:
    return Hybrid(tmp_path_factory.mktemp("hybrid"))


def loaded(trainer: str, folder: Path) -> dict[str, Any]:
    """What the trainer's own loader gave of an export: facts by row, and the numbers that its frames carry."""
    output = folder.with_name(f"{folder.name}-loaded")
    run_loader(trainer, folder, output)
    answers = json.loads(output.with_suffix(".json").read_text())
    with np.load(output.with_suffix(".npz")) as frames:
        for key in frames:
            answers["rows"][key]["numbers"] = media_fixtures.read_numbers(frames[key])
            answers["rows"][key]["size"] = frames[key].shape[1:3]
    print(answers["versions"])
    return answers["rows"]


def check(rows: dict[str, Any], folder: Path) -> None:
    """Frames, order, times, tokens and sizes of every sample against the sidecar."""
    promises = {row["record_id"]: row for row in read_rows(folder / SIDECAR)}
    assert len(promises) == NUM_SAMPLES
    assert len(rows) == NUM_SAMPLES + 2
    for number in range(NUM_SAMPLES):
        given, promise = rows[str(number)], promises[f"s{number}"]
        num_frames = BUDGETS[number % len(BUDGETS)]
        assert promise["num_frames"] == num_frames
        assert given["numbers"] == promise["indices"]
        assert len(given["numbers"]) == num_frames
        assert given["second_per_grid"] == pytest.approx(
            2 * promise["duration_seconds"] / num_frames, rel=1e-4
        )
        assert given["size"] == SIDE
        assert given["num_tokens"] == num_frames // 2 * 2 * 3
    assert all("numbers" not in rows[str(NUM_SAMPLES + i)] for i in range(2))


def test_ms_swift_reads_the_budget_of_each_row_from_originals(hybrid: Hybrid) -> None:
    folder = hybrid.export("ms_swift", "swift-originals", pixels_per_frame=SIDE[0] * SIDE[1])
    assert verify(folder).differences == ()
    rows = loaded("ms_swift", folder)
    check(rows, folder)
    assert {rows[str(i)]["channel"] for i in range(NUM_SAMPLES)} == {f"video_m{m}" for m in BUDGETS}


def test_ms_swift_takes_clips_whole(hybrid: Hybrid) -> None:
    folder = hybrid.export("ms_swift", "swift-clips", materialised=hybrid.clips)
    check(loaded("ms_swift", folder), folder)


def test_llama_factory_takes_clips_whole_and_its_transformers_cuts_seconds(hybrid: Hybrid) -> None:
    folder = hybrid.export("llama_factory", "llama-factory", materialised=hybrid.clips)
    assert verify(folder).differences == ()
    rows = loaded("llama_factory", folder)
    check(rows, folder)
    collapsed = {key for key, row in rows.items() if row.get("positions") == [0]}
    expected = {str(i) for i in range(NUM_SAMPLES) if rows[str(i)]["second_per_grid"] < 1}
    assert collapsed == expected
    assert f"all frames of {len(collapsed)} of {NUM_SAMPLES} videos" in " ".join(verify(folder).cautions)


def test_qwen_vl_utils_and_our_collator_for_trl_take_clips_whole(hybrid: Hybrid) -> None:
    folder = hybrid.export("trl", "trl", materialised=hybrid.clips)
    assert verify(folder).differences == ()
    rows = loaded("qwen_vl_utils", folder)
    check(rows, folder)
    for number in range(NUM_SAMPLES):
        row, num_frames = rows[str(number)], BUDGETS[number % len(BUDGETS)]
        assert row["num_frames_of_utils"] == num_frames
        assert row["rate_of_utils"] == pytest.approx(2 / row["second_per_grid"], rel=1e-4)
    assert {row["learnt"] for row in rows.values()} == {"It is so.<|im_end|>"}
