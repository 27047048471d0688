"""Qwen2.5-VL against transformers' own processor and model, on a tiny random checkpoint of the real class."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from framewise._errors import FramewiseError, UsageError
from framewise.compat import prepare_torchvision
from framewise.families import Encoded, Family, FamilySettings, Visual, open_family
from framewise.records import Turn

CONTROL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
CHAT_TEMPLATE = (
    "{%- if messages[0].role != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}"
    "{%- for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = [
    "what is in the video? a red square moves left.",
    "how many shapes are there? Three of them, two blue.",
]


def _tokenizer() -> transformers.PreTrainedTokenizerBase:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        CORPUS * 3,
        trainers.BpeTrainer(
            vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        ),
    )
    model = json.loads(bpe.to_str())["model"]
    merges = [tuple(m) for m in model["merges"]]
    tokenizer = transformers.Qwen2Tokenizer(vocab=model["vocab"], merges=merges)
    tokenizer.add_special_tokens({"additional_special_tokens": list(CONTROL[1:])})
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _config(tokenizer: transformers.PreTrainedTokenizerBase, *, tied: bool) -> transformers.Qwen2_5_VLConfig:
    ids = dict(zip(CONTROL, tokenizer.convert_tokens_to_ids(list(CONTROL)), strict=True))
    return transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
            "bos_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|im_end|>"],
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "patch_size": 8,
            "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 32, "out_hidden_size": 32,
            "fullatt_block_indexes": [1], "tokens_per_second": 2,
        },
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=tied,
    )  # fmt: skip


def write_tiny_checkpoint(folder: Path, *, tied: bool = True, seed: int = 0) -> Path:
    """Write a random model with its tokenizer and processors; 16-pixel blocks, windows of 2x2 blocks."""
    prepare_torchvision()
    tokenizer = _tokenizer()
    torch.manual_seed(seed)
    model = transformers.Qwen2_5_VLForConditionalGeneration(_config(tokenizer, tied=tied))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.2)
    model.generation_config = transformers.GenerationConfig(
        do_sample=True, temperature=0.1, top_p=0.001, top_k=1, repetition_penalty=1.05,
        eos_token_id=[tokenizer.eos_token_id], pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    size = {"shortest_edge": 32 * 32, "longest_edge": 64 * 64}
    for kind in (transformers.Qwen2VLImageProcessor, transformers.Qwen2VLVideoProcessor):
        kind(patch_size=8, temporal_patch_size=2, merge_size=2, size=size).save_pretrained(folder)
    return folder


QUESTION = Turn(role="user", text="<video>\nwhat is in the video?")
ANSWER = Turn(role="assistant", text="a red square")


@pytest.fixture(scope="module")
def family(tiny_checkpoint: Path) -> Family:
    return open_family(tiny_checkpoint, FamilySettings(text_position="after_extent"))


def video(num_frames: int = 8, fps: float = 1.0, side: int = 64, seed: int = 0) -> Visual:
    pixels = np.random.default_rng(seed).integers(0, 256, (num_frames, side, side, 3), dtype=np.uint8)
    return Visual(kind="video", pixels=pixels, times_seconds=np.arange(num_frames) / fps)


def image(height: int = 50, width: int = 70, seed: int = 1) -> Visual:
    pixels = np.random.default_rng(seed).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    return Visual(kind="image", pixels=pixels, times_seconds=np.zeros(1))


def upstream_logits(
    folder: Path, family: Family, turns: list[Turn], visuals: list[Visual]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and logits of transformers' own path: processor call, positions computed inside the model."""
    processor = transformers.Qwen2_5_VLProcessor.from_pretrained(folder)
    text = processor.tokenizer.apply_chat_template(
        [{"role": t.role, "content": t.text} for t in turns], tokenize=False
    )
    for kind in ("image", "video"):
        text = text.replace(f"<{kind}>", f"<|vision_start|><|{kind}_pad|><|vision_end|>")
    frames = [torch.from_numpy(v.pixels).permute(0, 3, 1, 2) for v in visuals if v.kind == "video"]
    metadata = [
        {"fps": 1 / (v.times_seconds[1] - v.times_seconds[0]), "total_num_frames": len(v.pixels),
         "frames_indices": list(range(len(v.pixels)))}
        for v in visuals if v.kind == "video"
    ]  # fmt: skip
    media = {}
    if frames:
        media = {"videos": frames, "video_metadata": metadata, "cap_pixels_per_frame": False}
    images = [torch.from_numpy(v.pixels[0]).permute(2, 0, 1) for v in visuals if v.kind == "image"]
    if images:
        media["images"] = images
    inputs = processor(text=[text], return_tensors="pt", do_sample_frames=False, **media)
    with torch.no_grad():
        return inputs["input_ids"][0], family.model(**inputs).logits[0]


def our_logits(family: Family, *batch: Encoded) -> torch.Tensor:
    with torch.no_grad():
        return family.model(**family.collate(batch, pad="right")).logits


@pytest.mark.parametrize(
    ("text", "visuals"),
    [
        ("<image>how many shapes are there?", [image()]),
        ("<video>\nwhat is in the video?", [video()]),
        ("\n\nwhat is in <image> and in <image>?", [image(), image(33, 64, 2)]),
        ("<video><image>what moves in <video>?", [video(), image(), video(6, 2.0, 48, seed=3)]),
        ("<video> odd number of frames", [video(7)]),
    ],
    ids=["image", "video", "two images", "mixed", "odd"],
)
def test_ids_and_logits_equal_upstream(
    tiny_checkpoint: Path, family: Family, text: str, visuals: list[Visual]
) -> None:
    turns = [Turn(role="user", text=text), ANSWER]
    encoded = family.encode(turns, visuals)
    ids, logits = upstream_logits(tiny_checkpoint, family, turns, visuals)
    assert encoded.input_ids.tolist() == ids.tolist()
    torch.testing.assert_close(our_logits(family, encoded)[0], logits, atol=1e-5, rtol=1e-5)


def test_upstream_whole_numbers_collapse_where_ours_keep_order(family: Family) -> None:
    """32 frames in 3 s: transformers floors 16 groups to few numbers, so frames lose their order."""
    clip = video(32, fps=32 / 3)
    encoded = family.encode([QUESTION, ANSWER], [clip])
    batch = family.collate([encoded], pad="right")
    upstream, _ = family.model.model.get_rope_index(
        batch["input_ids"], batch["mm_token_type_ids"], video_grid_thw=batch["video_grid_thw"],
        second_per_grid_ts=[2 * 3 / 32],
    )  # fmt: skip
    visual = batch["mm_token_type_ids"][0] == 2
    assert len(upstream[0, 0, visual].unique()) == 6
    assert len(batch["position_ids"][0, 0, visual].unique()) == 16


def test_text_after_max_goes_on_after_the_last_second(tiny_checkpoint: Path) -> None:
    clip = video(8, fps=0.5)
    ends = {}
    for rule in ("after_max", "after_extent"):
        chosen = open_family(tiny_checkpoint, FamilySettings(text_position=rule), with_model=False)
        encoded = chosen.encode([QUESTION, ANSWER], [clip])
        visual = encoded.input_ids == chosen.config.video_token_id
        ends[rule] = float(encoded.positions[0][visual.nonzero()[-1] + 1] - encoded.positions[0][visual][0])
    assert ends == {"after_max": 2 * 12 + 1, "after_extent": 4}


def test_generation_is_greedy_whatever_the_checkpoint_samples(family: Family) -> None:
    prompt = family.encode([QUESTION], [video()], reply=True)
    text = family.generate([prompt], max_new_tokens=6)[0]
    ids = prompt
    for _ in range(6):
        token = our_logits(family, ids)[0, -1].argmax()
        position = ids.positions[:, -1:] + 1
        ids = Encoded(
            input_ids=torch.cat([ids.input_ids, token[None]]), labels=torch.cat([ids.labels, token[None]]),
            positions=torch.cat([ids.positions, position], dim=1), tensors=ids.tensors,
        )  # fmt: skip
    assert text == family.tokenizer.decode(ids.input_ids[len(prompt) :], skip_special_tokens=True)


def test_saved_folder_is_official_and_equal(tiny_checkpoint: Path, tmp_path: Path) -> None:
    first = open_family(tiny_checkpoint, FamilySettings(pixels_per_frame=32 * 32))
    first.save(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    assert not list(tmp_path.glob("*.bin"))
    for name in ("generation_config.json", "preprocessor_config.json", "video_preprocessor_config.json"):
        before, after = (json.loads((folder / name).read_text()) for folder in (tiny_checkpoint, tmp_path))
        assert before == after, name
    second = open_family(tmp_path, FamilySettings(pixels_per_frame=32 * 32))
    encoded = second.encode([QUESTION, ANSWER], [video()])
    assert torch.equal(our_logits(first, encoded), our_logits(second, encoded))


def test_half_precision_positions_are_refused(family: Family) -> None:
    batch = family.collate([family.encode([QUESTION, ANSWER], [video()])], pad="right")
    batch["position_ids"] = batch["position_ids"].bfloat16()
    with pytest.raises(FramewiseError, match="bfloat16, which merges positions above 256"):
        family.model(**batch)


def test_bfloat16_weights_run_with_float32_positions(tiny_checkpoint: Path) -> None:
    half = open_family(tiny_checkpoint, dtype=torch.bfloat16)
    assert our_logits(half, half.encode([QUESTION, ANSWER], [video()])).dtype == torch.bfloat16


@pytest.mark.parametrize("tied", [True, False])
def test_tied_and_untied_heads_are_in_the_language_part(tmp_path: Path, tied: bool) -> None:
    parts = open_family(write_tiny_checkpoint(tmp_path, tied=tied)).parts()
    assert ("lm_head.weight" in parts["language"]) == (not tied)
    assert all(name.startswith("model.visual.merger.") for name in parts["projector"])


def test_missing_weights_are_an_error(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"]["depth"] = 3
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=r"weights are missing: model\.visual\.blocks\.2"):
        open_family(folder)


def test_wrong_visuals_are_an_error(family: Family) -> None:
    with pytest.raises(ValueError, match=r"the text marks \['video'\] but the visuals are \['image'\]"):
        family.encode([QUESTION], [image()])


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
    released = open_family(as_released(tiny_checkpoint, tmp_path / "released"))
    ours = open_family(tiny_checkpoint)
    encoded = [f.encode([QUESTION, ANSWER], [video(side=80)]) for f in (released, ours)]
    assert encoded[0].input_ids.tolist() == encoded[1].input_ids.tolist()
    assert torch.equal(encoded[0].tensors["pixel_values_videos"], encoded[1].tensors["pixel_values_videos"])
    assert torch.equal(our_logits(released, encoded[0]), our_logits(ours, encoded[1]))


def test_saved_weights_have_the_type_of_the_configuration(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = as_released(tiny_checkpoint, tmp_path / "released")
    family = open_family(folder, dtype=torch.float32)
    assert family.model.dtype == torch.float32
    family.save(tmp_path / "saved")
    saved = load_file(tmp_path / "saved/model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.bfloat16}
    assert saved.keys() == load_file(folder / "model.safetensors").keys()
