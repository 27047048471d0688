"""What the families of the Qwen-VL line share, against transformers' own processors and models."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny_qwen import ANSWER, QUESTION, image, our_logits, upstream_inputs, video

from framewise._errors import FramewiseError, UsageError
from framewise.families import Encoded, Family, FamilySettings, Visual, open_family
from framewise.records import Turn

_VISION = ("<|vision_start|>", "<|vision_end|>")


@dataclass(frozen=True)
class Upstream:
    """How transformers' own processor is to be asked."""

    processor: Any
    around: dict[str, tuple[str, str]]
    """What its chat template writes around the placeholder of each kind."""


UPSTREAM = {
    "qwen2_5_vl": Upstream(transformers.Qwen2_5_VLProcessor, {"image": _VISION, "video": _VISION}),
    "qwen3_vl": Upstream(transformers.Qwen3VLProcessor, {"image": _VISION, "video": ("", "")}),
}


@pytest.fixture(scope="module", params=list(UPSTREAM))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(name: str, family_checkpoint: Callable[[str], Path]) -> Path:
    return family_checkpoint(name)


@pytest.fixture(scope="module")
def family(folder: Path) -> Family:
    return open_family(folder, FamilySettings(text_position="after_extent"))


@pytest.fixture(scope="module")
def upstream(name: str, folder: Path) -> Callable[[list[Turn], list[Visual]], dict[str, torch.Tensor]]:
    chosen = UPSTREAM[name]
    processor = chosen.processor.from_pretrained(folder)
    return lambda turns, visuals: upstream_inputs(processor, turns, visuals, around=chosen.around)


CASES = {
    "image": ("<image>how many shapes are there?", [image()]),
    "video": ("<video>\nwhat is in the video?", [video()]),
    "images": ("\n\nwhat is in <image> and in <image>?", [image(), image(33, 64, 2)]),
    "mixed": ("<video><image>what moves in <video>?", [video(), image(), video(6, 2.0, 48, seed=3)]),
    "videos": ("it ends (<video>) and: <video>\n\nwhich?", [video(4, 2.0), video(8, 4.0, 32, seed=2)]),
    "odd": ("<video> odd number of frames", [video(7)]),
    "long": ("after 0.5 seconds: <video>", [video(16, 0.21, 48)]),
}


@pytest.mark.parametrize("case", CASES)
def test_ids_positions_and_logits_equal_upstream(
    case: str, family: Family, upstream: Callable[..., Any]
) -> None:
    text, visuals = CASES[case]
    turns = [Turn(role="user", text=text), ANSWER]
    encoded = family.encode(turns, visuals)
    inputs = upstream(turns, visuals)
    assert encoded.input_ids.tolist() == inputs["input_ids"][0].tolist()
    assert encoded.num_visual_tokens == int((inputs["mm_token_type_ids"] > 0).sum())
    keys = ("mm_token_type_ids", "image_grid_thw", "video_grid_thw", "second_per_grid_ts")
    places = {key: inputs[key] for key in keys if key in inputs}
    positions, _ = family.model.model.get_rope_index(inputs["input_ids"], **places)
    assert torch.equal(encoded.positions, positions[:, 0].float())
    for key, tensor in encoded.tensors.items():
        assert torch.equal(tensor, inputs[key]), key
    with torch.no_grad():
        logits = family.model(**inputs).logits[0]
    torch.testing.assert_close(our_logits(family, encoded)[0], logits, atol=1e-5, rtol=1e-5)


def test_replies_are_greedy_whatever_the_checkpoint_samples(family: Family) -> None:
    """Token by token without a cache, from the definition."""
    prompt = family.encode([QUESTION], [video()], reply=True)
    text = family.generate([prompt], max_new_tokens=6)[0].text
    ids = prompt
    for _ in range(6):
        token = our_logits(family, ids)[0, -1].argmax()
        if int(token) in family.model.generation_config.eos_token_id:
            break
        position = ids.positions[:, -1:] + 1
        ids = Encoded(
            input_ids=torch.cat([ids.input_ids, token[None]]), labels=torch.cat([ids.labels, token[None]]),
            positions=torch.cat([ids.positions, position], dim=1), tensors=ids.tensors,
        )  # fmt: skip
    assert text == family.tokenizer.decode(ids.input_ids[len(prompt) :], skip_special_tokens=True)


def test_saved_folder_is_official_and_equal(folder: Path, tmp_path: Path) -> None:
    first = open_family(folder, FamilySettings(pixels_per_frame=32 * 32))
    first.save(tmp_path)
    assert (tmp_path / "model.safetensors").exists()
    assert not list(tmp_path.glob("*.bin"))
    for name in ("generation_config.json", "preprocessor_config.json", "video_preprocessor_config.json"):
        before, after = (json.loads((place / name).read_text()) for place in (folder, tmp_path))
        assert before == after, name
    second = open_family(tmp_path, FamilySettings(pixels_per_frame=32 * 32))
    encoded = second.encode([QUESTION, ANSWER], [video()])
    assert torch.equal(our_logits(first, encoded), our_logits(second, encoded))


def test_half_precision_positions_are_refused(family: Family) -> None:
    batch = family.collate([family.encode([QUESTION, ANSWER], [video()])], pad="right")
    batch["position_ids"] = batch["position_ids"].bfloat16()
    with pytest.raises(FramewiseError, match="bfloat16, which merges positions above 256"):
        family.model(**batch)


def test_bfloat16_weights_run_with_float32_positions(folder: Path) -> None:
    half = open_family(folder, dtype=torch.bfloat16)
    assert our_logits(half, half.encode([QUESTION, ANSWER], [video()])).dtype == torch.bfloat16


def test_what_merges_patches_is_the_projector(family: Family) -> None:
    parts = family.parts()
    assert all("merger" in name for name in parts["projector"])
    assert not [name for name in parts["vision"] + parts["language"] if "merger" in name]
    assert all(name.startswith("model.visual.") for name in parts["vision"])


def test_an_untied_head_is_in_the_language_part(name: str, tmp_path: Path, family: Family) -> None:
    untied = write_of(name)(tmp_path, tied=False)
    assert "lm_head.weight" in open_family(untied).parts()["language"]
    assert "lm_head.weight" not in family.parts()["language"]


def write_of(name: str) -> Callable[..., Path]:
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        f"_writer_of_{name}", Path(__file__).parent / f"test_{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_tiny_checkpoint


def test_missing_weights_are_an_error(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    depth = config["vision_config"]["depth"]
    config["vision_config"]["depth"] = depth + 1
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=rf"weights are missing: model\.visual\.blocks\.{depth}"):
        open_family(copy)


def test_wrong_visuals_are_an_error(family: Family) -> None:
    with pytest.raises(ValueError, match=r"the text marks \['video'\] but the visuals are \['image'\]"):
        family.encode([QUESTION], [image()])


@pytest.mark.parametrize("size", [(8, 1601), (1601, 8), (1, 4000)])
@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_sliver_is_an_error_in_words(family: Family, kind: str, size: tuple[int, int]) -> None:
    visual = replace(image(*size), kind=kind)
    turns = [Turn(role="user", text=f"<{kind}>")]
    for attempt in (
        lambda: family.encode(turns, [visual]),
        lambda: family.lay_out(turns, [visual.shape]),
        lambda: family.visual_tensors([visual]),
        lambda: family.num_visual_tokens(kind, 1, *size),
        lambda: family.frame_size(kind, *size),
    ):
        with pytest.raises(FramewiseError, match=rf"cannot read the {kind}, {size[1]}x{size[0]} pixels"):
            attempt()
