"""LLaVA-NeXT-Video against transformers' own processor and model, on a tiny checkpoint of the real class."""

import json
from pathlib import Path

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_llava import (
    CHAT_TEMPLATE,
    PATCH,
    SIDE,
    squares,
    tiny_parts,
    tiny_tokenizer,
    upstream_inputs,
    without_ends,
    write_llava,
)
from tiny_qwen import image, our_logits, video

from framewise._errors import UsageError
from framewise.families import Family, FamilySettings, Visual, open_family
from framewise.records import Turn

TILINGS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE], [3 * SIDE, SIDE], [SIDE, 3 * SIDE]]


def write_tiny_checkpoint(folder: Path, *, seed: int = 0) -> Path:
    """Write a random model whose tower gives 4x4 tokens of 4x4 pixels, 2x2 a frame."""
    tokenizer = tiny_tokenizer(legacy=False)
    processor = transformers.LlavaNextVideoProcessor(
        video_processor=transformers.LlavaNextVideoVideoProcessor(**squares()),
        image_processor=transformers.LlavaNextImageProcessor(**squares(), image_grid_pinpoints=TILINGS),
        tokenizer=tokenizer, patch_size=PATCH, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=CHAT_TEMPLATE,
    )  # fmt: skip
    config = transformers.LlavaNextVideoConfig(
        **tiny_parts(tokenizer), image_grid_pinpoints=TILINGS,
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
    )  # fmt: skip
    return write_llava(folder, transformers.LlavaNextVideoForConditionalGeneration, config, processor, seed)


ANSWER = Turn(role="assistant", text="a red square")
PIXELS = ("pixel_values", "image_sizes", "pixel_values_videos")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("llava-next-video"))


@pytest.fixture(scope="module")
def family(folder: Path) -> Family:
    return open_family(folder)


@pytest.fixture(scope="module")
def processor(folder: Path) -> transformers.LlavaNextVideoProcessor:
    return transformers.LlavaNextVideoProcessor.from_pretrained(folder)


def clip(num_frames: int, seed: int = 0) -> Visual:
    return video(num_frames, side=40, seed=seed)


@pytest.mark.parametrize(
    ("text", "visuals"),
    [
        ("<video>\nwhat is in the video?", [clip(8)]),
        ("<video>\nand <video>?", [clip(4), clip(4, 1)]),
        ("<image> or <video>, <image>?", [image(), clip(7), image(90, 20, 4)]),
    ],
    ids=["video", "two videos", "mixed"],
)
def test_ids_and_logits_equal_upstream(
    family: Family,
    processor: transformers.LlavaNextVideoProcessor,
    text: str,
    visuals: list[Visual],
) -> None:
    turns = [Turn(role="user", text=text), ANSWER]
    encoded = family.encode(turns, visuals)
    inputs = upstream_inputs(processor, turns, visuals)
    assert without_ends(encoded.input_ids) == inputs["input_ids"][0].tolist()
    with torch.no_grad():
        logits = family.model(
            input_ids=encoded.input_ids[None], **{k: inputs[k] for k in PIXELS if k in inputs}
        ).logits
    torch.testing.assert_close(our_logits(family, encoded), logits, atol=1e-5, rtol=1e-5)


def test_batch_that_upstream_can_stack_equals_upstream(
    family: Family, processor: transformers.LlavaNextVideoProcessor
) -> None:
    question = Turn(role="user", text="<video>\nwhat moves?")
    clips = [clip(8, seed) for seed in range(3)]
    encoded = [family.encode([question], [c], reply=True) for c in clips]
    inputs = processor(
        text=["USER: <video>\nwhat moves? ASSISTANT:"] * 3,
        videos=[torch.from_numpy(c.pixels).permute(0, 3, 1, 2) for c in clips],
        return_tensors="pt",
    )
    assert inputs["pixel_values_videos"].shape[:2] == (3, 8)
    with torch.no_grad():
        logits = family.model(**inputs).logits
    torch.testing.assert_close(our_logits(family, *encoded), logits, atol=1e-5, rtol=1e-5)


def test_upstream_cannot_mix_numbers_of_frames_and_we_can(
    family: Family, processor: transformers.LlavaNextVideoProcessor
) -> None:
    question = Turn(role="user", text="<video>\nwhat moves?")
    clips = [clip(8), clip(2, 1), clip(32, 2)]
    with pytest.raises((ValueError, RuntimeError)):
        processor(
            text=["USER: <video>\nwhat moves? ASSISTANT:"] * 3,
            videos=[torch.from_numpy(c.pixels).permute(0, 3, 1, 2) for c in clips],
            return_tensors="pt", padding=True,
        )  # fmt: skip
    encoded = [family.encode([question], [c], reply=True) for c in clips]
    mixed = our_logits(family, *encoded)
    for row, one, visual in zip(mixed, encoded, clips, strict=True):
        inputs = upstream_inputs(processor, [question], [visual])
        with torch.no_grad():
            alone = family.model(
                input_ids=one.input_ids[None], pixel_values_videos=inputs["pixel_values_videos"]
            ).logits[0]
        torch.testing.assert_close(row[: len(one)], alone, atol=1e-5, rtol=1e-5)


def test_gradients_of_a_mixed_batch_are_the_sum_of_upstreams(
    family: Family, processor: transformers.LlavaNextVideoProcessor
) -> None:
    question = Turn(role="user", text="<video>\nwhat moves?")
    clips = [clip(4), clip(9, 1)]
    encoded = [family.encode([question], [c], reply=True) for c in clips]
    family.model.zero_grad()
    inputs = family.collate(encoded, pad="left")
    del inputs["labels"]
    family.model(**inputs).logits[:, -1].log_softmax(-1)[:, 7].sum().backward()
    ours = {n: p.grad.clone() for n, p in family.model.named_parameters() if p.grad is not None}
    family.model.zero_grad()
    for one, visual in zip(encoded, clips, strict=True):
        pixels = upstream_inputs(processor, [question], [visual])["pixel_values_videos"]
        logits = family.model(input_ids=one.input_ids[None], pixel_values_videos=pixels).logits
        logits[:, -1].log_softmax(-1)[:, 7].sum().backward()
    theirs = {n: p.grad.clone() for n, p in family.model.named_parameters() if p.grad is not None}
    family.model.zero_grad()
    assert ours.keys() == theirs.keys()
    assert any(name.startswith("model.vision_tower.") for name in ours)
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[name], atol=1e-4, rtol=1e-3)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 1500), width=st.integers(1, 1500))
def test_planned_tokens_of_an_image_are_what_the_model_packs(family: Family, height: int, width: int) -> None:
    if max(height, width) > 200 * min(height, width):
        return
    model = family.model.model
    best = transformers.image_processing_utils.select_best_resolution((height, width), TILINGS)
    tiles = 1 + best[0] * best[1] // SIDE**2
    features = [torch.zeros(tiles, (SIDE // PATCH) ** 2, 8)]
    packed, _ = model.pack_image_features(
        features, torch.tensor([[height, width]]), "default", image_newline=torch.zeros(8)
    )
    assert family.num_visual_tokens("image", 1, height, width) == len(packed[0])


def test_pixels_of_an_image_choose_among_the_tilings(folder: Path, tmp_path: Path) -> None:
    limited = open_family(folder, FamilySettings(pixels_per_image=2 * SIDE**2))
    assert limited.reading()["pixels_per_image"] == 2 * SIDE**2
    assert limited.reading()["frame_pooling"] == 2
    picture = image(64, 64)
    encoded = limited.encode([Turn(role="user", text="<image>what?"), ANSWER], [picture])
    assert encoded.num_visual_tokens < open_family(folder, with_model=False).num_visual_tokens(
        "image", 1, 64, 64
    )
    assert our_logits(limited, encoded).isfinite().all()
    limited.save(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["image_grid_pinpoints"] == TILINGS
    processor = transformers.LlavaNextVideoProcessor.from_pretrained(tmp_path)
    assert processor.image_processor.image_grid_pinpoints == TILINGS
    assert our_logits(limited, encoded).isfinite().all()


def test_pixels_below_every_tiling_are_an_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="the smallest tiling of an image has 512 pixels"):
        open_family(folder, FamilySettings(pixels_per_image=SIDE**2), with_model=False)


def test_another_pooling_than_the_models_own_is_an_error(folder: Path) -> None:
    with pytest.raises(UsageError, match="trained to pool its frames by 2"):
        open_family(folder, FamilySettings(frame_pooling=1), with_model=False)
