"""Qwen3-VL: its timestamps, and the tiny random checkpoint of the real class that other tests use."""

import json
import shutil
from pathlib import Path

import pytest
import transformers
from tiny_qwen import (
    ANSWER,
    QUESTION,
    check_layout_is_read,
    image,
    tiny_tokenizer,
    token_ids,
    video,
    write_random_model,
)

from framewise.families import Family, FamilySettings, Visual, open_family
from framewise.records import Turn


def write_tiny_checkpoint(folder: Path, *, tied: bool = True, seed: int = 0) -> Path:
    """Write a random model with its tokenizer and processors; 16-pixel blocks, features of two layers."""
    tokenizer = tiny_tokenizer()
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
    config = transformers.Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
            "max_position_embeddings": 4096, "rope_parameters": {**rope, "mrope_interleaved": True},
            "bos_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={
            "depth": 3, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "patch_size": 8,
            "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 32,
            "num_position_embeddings": 16, "deepstack_visual_indexes": [0, 1],
        },
        **token_ids(tokenizer),
        tie_word_embeddings=tied,
    )  # fmt: skip
    write_random_model(folder, transformers.Qwen3VLForConditionalGeneration, config, tokenizer, seed)
    sizes = {"patch_size": 8, "temporal_patch_size": 2, "merge_size": 2}
    image_size = {"shortest_edge": 32 * 32, "longest_edge": 64 * 64}
    transformers.Qwen2VLImageProcessor(**sizes, size=image_size).save_pretrained(folder)
    # Of all frames together, as released: 16 frames of 64x64 keep their size; a frame has at most 16 blocks.
    video_size = {"shortest_edge": 2 * 32 * 32, "longest_edge": 16 * 64 * 64}
    video_processor = transformers.Qwen3VLVideoProcessor(**sizes, size=video_size, max_video_tokens=16)
    video_processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(family_checkpoint) -> Path:
    return family_checkpoint("qwen3_vl")


@pytest.fixture(scope="module")
def family(checkpoint: Path) -> Family:
    return open_family(checkpoint)


def read(family: Family, visual: Visual) -> str:
    encoded = family.lay_out([Turn(role="user", text=f"look: <{visual.kind}>!")], [visual.shape])
    return family.tokenizer.decode(encoded.input_ids).partition("user\n")[2]


def pads(count: int) -> str:
    return "<|vision_start|>" + "<|video_pad|>" * count + "<|vision_end|>"


def test_a_video_reads_as_its_groups_with_their_times(family: Family) -> None:
    assert read(family, video(4, 2.0, 32)).startswith(f"look: <0.2 seconds>{pads(4)}<1.2 seconds>{pads(4)}!")


def test_an_odd_frame_is_its_own_group(family: Family) -> None:
    assert read(family, video(3, 1.0, 32)).startswith(f"look: <0.5 seconds>{pads(4)}<2.0 seconds>{pads(4)}!")


def test_more_decimals_only_where_one_would_say_the_same_twice(family: Family) -> None:
    assert "<0.02 seconds>" in read(family, video(64, 64 / 0.5, 16))
    assert "<0.1 seconds>" in read(family, video(8, 8.0, 16))


def test_an_image_has_no_time(family: Family) -> None:
    assert read(family, image(32, 32)).startswith("look: <|vision_start|><|image_pad|>")


@pytest.mark.parametrize("rule", ["after_max", "after_extent"])
def test_groups_are_stills_so_both_rules_of_text_agree(checkpoint: Path, rule: str) -> None:
    chosen = open_family(checkpoint, FamilySettings(text_position=rule), with_model=False)
    encoded = chosen.lay_out([QUESTION, ANSWER], [video(8, 0.01).shape])
    visual = encoded.input_ids == chosen.config.video_token_id
    starts = encoded.positions[:, visual].view(3, 4, -1)[0, :, 0]
    times = encoded.positions[0, visual].view(4, -1)
    assert (times == starts[:, None]).all()
    last = int(visual.nonzero()[-1])
    assert encoded.positions[:, last + 1].tolist() == [starts[-1] + 4] * 3


def test_timestamps_are_not_learned_where_a_reply_shows_a_video(family: Family) -> None:
    reply = Turn(role="assistant", text="here: <video>")
    encoded = family.lay_out([Turn(role="user", text="show"), reply], [video(4, 1.0, 32).shape])
    learned = encoded.labels[encoded.labels >= 0]
    assert family.tokenizer.decode(learned) == "here: <|im_end|>"


def test_frames_have_the_same_size_for_every_budget(family: Family) -> None:
    """The processor's own limit is one of all frames together: left to itself it shrinks them."""
    for count in (1, 2, 8, 9, 63, 64):
        grid = family.visual_tensors([video(count, 8.0, 80)])["video_grid_thw"]
        assert grid.tolist() == [[-(-count // 2), 8, 8]]


def test_limits_of_the_release(tmp_path: Path, checkpoint: Path) -> None:
    """The released files: 24576 blocks of 32x32 pixels for all frames, at most 768 for one."""
    folder = shutil.copytree(checkpoint, tmp_path / "copy")
    sizes = {"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2}
    size = {"shortest_edge": 4096, "longest_edge": 25165824}
    transformers.Qwen3VLVideoProcessor(**sizes, size=size).save_pretrained(folder)
    family = open_family(folder, with_model=False)
    for num_frames in (2, 8, 64, 512):
        assert family.num_visual_tokens("video", num_frames, 1080, 1920) == num_frames // 2 * 20 * 36
    assert family.frame_size("video", 1080, 1920) == (20 * 32, 36 * 32)
    assert family.frame_size("video", 20, 20) == (32 * 2, 32 * 2)


def as_released(source: Path, target: Path) -> Path:
    """The same checkpoint in the layout of the released Qwen3-VL folders."""
    shutil.copytree(source, target)
    config = json.loads((target / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    config.pop("dtype")
    rope = text.pop("rope_parameters")
    text |= {"rope_theta": rope.pop("rope_theta"), "rope_scaling": rope, "dtype": "bfloat16"}
    vision.pop("rope_parameters", None)
    vision.pop("dtype", None)
    vision["model_type"] = "qwen3_vl"
    (target / "config.json").write_text(json.dumps(config))
    images = json.loads((target / "preprocessor_config.json").read_text())
    images["image_processor_type"] = "Qwen2VLImageProcessorFast"
    (target / "preprocessor_config.json").write_text(json.dumps(images))
    return target


def test_the_released_layout_gives_the_same_model(checkpoint: Path, tmp_path: Path) -> None:
    check_layout_is_read(as_released(checkpoint, tmp_path / "released"), checkpoint, tmp_path / "saved")
