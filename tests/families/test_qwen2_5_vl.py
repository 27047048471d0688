"""Qwen2.5-VL: its time positions, and the tiny random checkpoint of the real class that other tests use."""

import json
import shutil
from pathlib import Path

import transformers
from tiny_qwen import (
    ANSWER,
    QUESTION,
    check_layout_is_read,
    tiny_tokenizer,
    token_ids,
    video,
    write_random_model,
)

from framewise.families import FamilySettings, open_family


def write_tiny_checkpoint(folder: Path, *, tied: bool = True, seed: int = 0) -> Path:
    """Write a random model with its tokenizer and processors; 16-pixel blocks, windows of 2x2 blocks."""
    tokenizer = tiny_tokenizer()
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
            "bos_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "patch_size": 8,
            "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 32, "out_hidden_size": 32,
            "fullatt_block_indexes": [1], "tokens_per_second": 2,
        },
        **token_ids(tokenizer),
        tie_word_embeddings=tied,
    )  # fmt: skip
    write_random_model(folder, transformers.Qwen2_5_VLForConditionalGeneration, config, tokenizer, seed)
    size = {"shortest_edge": 32 * 32, "longest_edge": 64 * 64}
    for kind in (transformers.Qwen2VLImageProcessor, transformers.Qwen2VLVideoProcessor):
        kind(patch_size=8, temporal_patch_size=2, merge_size=2, size=size).save_pretrained(folder)
    return folder


def test_text_after_max_goes_on_after_the_last_second(tiny_checkpoint: Path) -> None:
    clip = video(8, fps=0.5)
    ends = {}
    for rule in ("after_max", "after_extent"):
        chosen = open_family(tiny_checkpoint, FamilySettings(text_position=rule), with_model=False)
        encoded = chosen.encode([QUESTION, ANSWER], [clip])
        visual = encoded.input_ids == chosen.config.video_token_id
        ends[rule] = float(encoded.positions[0][visual.nonzero()[-1] + 1] - encoded.positions[0][visual][0])
    assert ends == {"after_max": 2 * 12 + 1, "after_extent": 4}


def as_released(source: Path, target: Path) -> Path:
    """The same checkpoint in the layout of the released Qwen2.5-VL folders, which older tools wrote."""
    shutil.copytree(source, target)
    config = json.loads((target / "config.json").read_text())
    text, vision = config.pop("text_config"), config["vision_config"]
    rope = text.pop("rope_parameters")
    config.pop("dtype")
    for key in ("model_type", "layer_types"):
        text.pop(key, None)
    for key in ("model_type", "rope_parameters"):
        vision.pop(key, None)
    vision |= {"in_chans": vision.pop("in_channels", 3), "spatial_patch_size": vision["patch_size"]}
    flat = {**text, **config, "rope_theta": rope["rope_theta"], "torch_dtype": "bfloat16"}
    flat["rope_scaling"] = {"type": "mrope", "mrope_section": rope["mrope_section"]}
    (target / "config.json").write_text(json.dumps(flat))
    (target / "video_preprocessor_config.json").unlink()
    pixels = {"patch_size": 8, "temporal_patch_size": 2, "merge_size": 2, "min_pixels": 1024}
    names = {"image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor"}
    (target / "preprocessor_config.json").write_text(json.dumps({**pixels, "max_pixels": 4096, **names}))
    tokens = json.loads((target / "tokenizer_config.json").read_text())
    tokens |= {"chat_template": (target / "chat_template.jinja").read_text(), "model_max_length": 131072}
    (target / "tokenizer_config.json").write_text(json.dumps(tokens))
    (target / "chat_template.jinja").unlink()
    return target


def test_the_released_layout_gives_the_same_model(tiny_checkpoint: Path, tmp_path: Path) -> None:
    released = as_released(tiny_checkpoint, tmp_path / "released")
    check_layout_is_read(released, tiny_checkpoint, tmp_path / "saved")
