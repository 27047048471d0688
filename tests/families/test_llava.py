"""LLaVA-1.5 against transformers' own processor and model, on a tiny random checkpoint of the real class."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tiny_llava import (
    CHAT_TEMPLATE,
    PATCH,
    squares,
    tiny_parts,
    tiny_tokenizer,
    upstream_inputs,
    without_ends,
    write_llava,
)
from tiny_qwen import image, our_logits, video

from framewise._errors import FramewiseError, UsageError
from framewise.families import Encoded, Family, FamilySettings, Visual, VisualShape, open_family
from framewise.families._pooling import average_blocks
from framewise.records import Turn


def write_tiny_checkpoint(folder: Path, *, legacy: bool = True, seed: int = 0) -> Path:
    """Write a random model whose tower gives 4x4 tokens of 4x4 pixels."""
    tokenizer = tiny_tokenizer(legacy=legacy)
    processor = transformers.LlavaProcessor(
        image_processor=transformers.CLIPImageProcessor(**squares()), tokenizer=tokenizer, patch_size=PATCH,
        vision_feature_select_strategy="default", num_additional_image_tokens=1, chat_template=CHAT_TEMPLATE,
    )  # fmt: skip
    config = transformers.LlavaConfig(**tiny_parts(tokenizer))
    return write_llava(folder, transformers.LlavaForConditionalGeneration, config, processor, seed)


ANSWER = Turn(role="assistant", text="a red square")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="module")
def family(folder: Path) -> Family:
    return open_family(folder)


def as_images(visual: Visual) -> list[Visual]:
    return [Visual(kind="image", pixels=frame[None], times_seconds=np.zeros(1)) for frame in visual.pixels]


def slow_features(family: Family, visuals: list[Visual], pooling: int) -> torch.Tensor:
    """Upstream's features of every frame and image alone, frames averaged token by token in float64."""
    features = []
    for visual in visuals:
        for frame in as_images(visual):
            tokens = family.model.model.get_image_features(
                pixel_values=family.visual_tensors([frame])["pixel_values"], return_dict=True
            ).pooler_output[0]
            if visual.kind == "video":
                grid = tokens.double().view(4, 4, -1)
                rows = range(0, 4, pooling)
                tokens = torch.stack(
                    [
                        sum(grid[r + i, c + j] for i in range(pooling) for j in range(pooling)) / pooling**2
                        for r in rows
                        for c in rows
                    ]
                ).float()
            features.append(tokens)
    return torch.cat(features)


def slow_logits(family: Family, encoded: Encoded, visuals: list[Visual], pooling: int) -> torch.Tensor:
    """The language model on embeddings that are put together by hand."""
    embeddings = family.model.get_input_embeddings()(encoded.input_ids).clone()
    places = (encoded.input_ids == family.config.image_token_id).nonzero().flatten()
    embeddings = embeddings.index_put((places,), slow_features(family, visuals, pooling))
    return family.model(inputs_embeds=embeddings[None]).logits


@pytest.mark.parametrize("pooling", [1, 2, 4])
def test_pooled_frames_equal_averages_by_hand(folder: Path, pooling: int) -> None:
    family = open_family(folder, FamilySettings(frame_pooling=pooling))
    visuals = [image(), video(3, side=24), image(20, 60, 4), video(5, seed=2)]
    turns = [Turn(role="user", text="<image> and <video>, <image> or <video>?"), ANSWER]
    encoded = family.encode(turns, visuals)
    assert encoded.num_visual_tokens == 2 * 16 + 8 * 16 // pooling**2
    with torch.no_grad():
        expected = slow_logits(family, encoded, visuals, pooling)
    torch.testing.assert_close(our_logits(family, encoded), expected, atol=1e-5, rtol=1e-5)


def test_gradients_go_through_the_pooling(family: Family) -> None:
    visuals = [image(), video(3)]
    encoded = family.encode([Turn(role="user", text="<image><video>what?"), ANSWER], visuals)
    gradients = []
    for logits in (
        family.model(**family.collate([encoded], pad="right")).logits,
        slow_logits(family, encoded, visuals, 2),
    ):
        family.model.zero_grad()
        logits.float().log_softmax(-1)[0, -4:, 7].sum().backward()
        named = {n: p.grad.clone() for n, p in family.model.named_parameters() if p.grad is not None}
        gradients.append(named)
    assert gradients[0].keys() == gradients[1].keys()
    for part in ("model.vision_tower.", "model.multi_modal_projector.", "model.language_model."):
        assert any(name.startswith(part) and g.abs().sum() > 0 for name, g in gradients[0].items())
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], atol=1e-4, rtol=1e-3)
    family.model.zero_grad()


@pytest.mark.parametrize("legacy", [True, False])
def test_unpooled_video_equals_upstream_with_as_many_images(tmp_path: Path, legacy: bool) -> None:
    folder = write_tiny_checkpoint(tmp_path / "checkpoint", legacy=legacy)
    family = open_family(folder, FamilySettings(frame_pooling=1))
    clip = video(6)
    encoded = family.encode([Turn(role="user", text="<video>\nwhat moves?"), ANSWER], [clip])
    shown = Turn(role="user", text="<image>" * 6 + "\nwhat moves?")
    processor = transformers.LlavaProcessor.from_pretrained(folder)
    inputs = upstream_inputs(processor, [shown, ANSWER], as_images(clip))
    assert without_ends(encoded.input_ids) == inputs["input_ids"][0].tolist()
    with torch.no_grad():
        logits = family.model(input_ids=encoded.input_ids[None], pixel_values=inputs["pixel_values"]).logits
    torch.testing.assert_close(our_logits(family, encoded), logits, atol=1e-5, rtol=1e-5)


def test_upstream_runs_past_its_positions_without_a_word(folder: Path) -> None:
    """64 frames of 16 tokens and a question are more than the 1024 positions: transformers reads them all."""
    family = open_family(folder, FamilySettings(frame_pooling=1))
    clip, question = video(64, side=16), Turn(role="user", text="<image>" * 64 + "what moves?")
    inputs = upstream_inputs(transformers.LlavaProcessor.from_pretrained(folder), [question], as_images(clip))
    with torch.no_grad():
        assert family.model(**inputs).logits.shape[1] > 1024
    with pytest.raises(FramewiseError, match=r"reads at most 1024: .*\(frame_pooling=2 is enough\)"):
        family.encode([Turn(role="user", text="<video>what moves?")], [clip])


def test_a_pooling_that_does_not_divide_the_square_names_those_that_do(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"does not divide the 4 tokens .*: use one of 1, 2, 4"):
        open_family(folder, FamilySettings(frame_pooling=3), with_model=False)


def as_large_as_released(folder: Path, target: Path, context: int, factor: float | None = None) -> Path:
    """The checkpoint with the sizes of LLaVA-1.5 in its configuration: 24x24 tokens of a frame."""
    shutil.copytree(folder, target)
    config = json.loads((target / "config.json").read_text())
    config["vision_config"] |= {"image_size": 336, "patch_size": 14}
    config["text_config"]["max_position_embeddings"] = context
    if factor is not None:
        config["text_config"].pop("rope_parameters", None)
        config["text_config"] |= {
            "rope_theta": 10000.0, "rope_scaling": {"rope_type": "linear", "factor": factor}
        }  # fmt: skip
    (target / "config.json").write_text(json.dumps(config))
    return target


@pytest.mark.parametrize(
    ("context", "factor", "pooling", "tokens"),
    [(4096, None, 4, 36), (4096, 4.0, 2, 144), (2048, None, 6, 16), (64, None, 24, 1)],
)
def test_frames_are_pooled_so_that_the_context_holds_64(
    folder: Path, tmp_path: Path, context: int, factor: float | None, pooling: int, tokens: int
) -> None:
    family = open_family(as_large_as_released(folder, tmp_path / "m", context, factor), with_model=False)
    assert family.reading()["frame_pooling"] == pooling
    for m in (8, 16, 32, 64):
        assert family.num_visual_tokens("video", m, 720, 1280) == m * tokens
        shape = VisualShape(kind="video", height=720, width=1280, times_seconds=np.arange(float(m)))
        if context > 64:
            encoded = family.lay_out([Turn(role="user", text="<video>what moves?"), ANSWER], [shape])
            assert encoded.num_visual_tokens == m * tokens


def test_what_does_not_fit_names_the_pooling_that_does(folder: Path, tmp_path: Path) -> None:
    released = as_large_as_released(folder, tmp_path / "m", 4096)
    family = open_family(released, FamilySettings(frame_pooling=2), with_model=False)
    question = Turn(role="user", text="<video>what moves?")
    for frames, said in (
        (32, r"\(frame_pooling=3 is"),
        (64, r"\(frame_pooling=4 is"),
        (5000, "frames, or stretch"),
    ):
        shape = VisualShape(kind="video", height=48, width=64, times_seconds=np.arange(float(frames)))
        with pytest.raises(FramewiseError, match=said):
            family.lay_out([question], [shape])
    image_shape = VisualShape(kind="image", height=48, width=64, times_seconds=np.zeros(1))
    with pytest.raises(FramewiseError, match="fewer frames, or stretch"):
        family.lay_out([Turn(role="user", text="<image>" * 8)], [image_shape] * 8)


def test_average_of_equal_tokens_is_the_token() -> None:
    tokens = torch.arange(6.0).expand(36, 6)
    assert torch.equal(average_blocks(tokens, 3), tokens[:4])
