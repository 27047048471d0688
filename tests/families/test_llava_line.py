"""What the LLaVA families share, against transformers' own processors and models."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny_llava import SIDE, upstream_inputs, without_ends
from tiny_qwen import image, our_logits, video

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_json, read_rows, write_rows
from framewise.budgets._model import open_text_model
from framewise.budgets._options import option_log_probabilities
from framewise.evaluation import evaluate
from framewise.families import Encoded, Family, FamilySettings, Visual, open_family
from framewise.families._clip import stored_size
from framewise.records import Turn
from framewise.training import Recipe, train

PROCESSORS = {"llava": transformers.LlavaProcessor, "llava_next_video": transformers.LlavaNextVideoProcessor}
PIXELS = {"llava": ("pixel_values",), "llava_next_video": ("pixel_values", "image_sizes")}
QUESTION = Turn(role="user", text="<video>\nwhat is in the video?")
ANSWER = Turn(role="assistant", text="a red square")


@pytest.fixture(scope="module", params=list(PROCESSORS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(name: str, family_checkpoint: Callable[[str], Path]) -> Path:
    return family_checkpoint(name)


@pytest.fixture(scope="module")
def family(folder: Path) -> Family:
    return open_family(folder)


@pytest.mark.parametrize(
    ("text", "visuals"),
    [
        ("<image>\nhow many shapes are there?", [image()]),
        ("\n\nwhat is in <image> and in <image>?", [image(), image(33, 90, 2)]),
        ("what is it?", []),
    ],
    ids=["image", "two images", "text"],
)
def test_ids_and_logits_of_images_equal_upstream(
    name: str, folder: Path, family: Family, text: str, visuals: list[Visual]
) -> None:
    turns = [Turn(role="user", text=text), ANSWER]
    encoded = family.encode(turns, visuals)
    inputs = upstream_inputs(PROCESSORS[name].from_pretrained(folder), turns, visuals)
    assert without_ends(encoded.input_ids) == inputs["input_ids"][0].tolist()
    pixels = {key: inputs[key] for key in PIXELS[name] if key in inputs}
    with torch.no_grad():
        logits = family.model(input_ids=encoded.input_ids[None], **pixels).logits
    torch.testing.assert_close(our_logits(family, encoded), logits, atol=1e-5, rtol=1e-5)


def test_times_change_nothing(family: Family) -> None:
    slow, fast = (family.encode([QUESTION, ANSWER], [video(8, fps=fps)]) for fps in (0.1, 30.0))
    assert torch.equal(our_logits(family, slow), our_logits(family, fast))


def test_generation_is_greedy_whatever_the_checkpoint_samples(family: Family) -> None:
    prompt = family.encode([QUESTION], [video()], reply=True)
    text = family.generate([prompt], max_new_tokens=6)[0].text
    said: list[int] = []
    for _ in range(6):
        ids = torch.cat([prompt.input_ids, torch.tensor(said, dtype=torch.int64)])
        whole = Encoded(
            input_ids=ids, labels=ids, positions=torch.arange(float(len(ids)))[None], tensors=prompt.tensors
        )
        said.append(int(our_logits(family, whole)[0, -1].argmax()))
        if said[-1] == family.tokenizer.eos_token_id:
            break
    assert text == family.tokenizer.decode(said, skip_special_tokens=True)


def test_what_the_model_reads_is_not_enlarged_past_its_positions(family: Family) -> None:
    limit = family.config.text_config.max_position_embeddings
    frames = limit // family.num_visual_tokens("video", 1, 32, 32) + 1
    with pytest.raises(
        FramewiseError, match=rf"{frames * 4} of them visual, and the model reads at most {limit}: .*factor"
    ):
        family.lay_out([QUESTION, ANSWER], [video(frames, side=SIDE).shape])


def test_samples_that_are_too_long_are_counted_in_training_and_evaluation(
    folder: Path, tmp_path: Path, write_clip: Callable[..., Path]
) -> None:
    short = shutil.copytree(folder, tmp_path / "short")
    config = json.loads((short / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 64
    (short / "config.json").write_text(json.dumps(config))
    (tmp_path / "benchmarks").mkdir()
    rows, items = [], []
    for number, count in enumerate((4, 24)):
        write_clip(tmp_path / f"{number}.mp4", num_frames=count, fps=8.0, height=32, width=48)
        media = [{"kind": "video", "path": f"{number}.mp4"}]
        turns = [{"role": "user", "text": "<video>what?"}, {"role": "assistant", "text": "a square"}]
        rows.append({"id": f"{number}", "source": "s", "task": "open_ended", "media": media, "turns": turns})
        items.append(
            {"item_id": f"{number}", "subtask": "s", "cluster": f"{number}", "media": media,
             "prompt": "<video>Choose: left, right.", "answer": "left", "choices": ["left", "right"],
             "min_frames": 2}
        )  # fmt: skip
    write_rows(tmp_path / "records.jsonl", rows)
    write_rows(tmp_path / "benchmarks/lab_video.jsonl", items)
    budgets = [
        {"record_id": f"{n}", "media_index": 0, "num_frames": m, "allocator": "fixed"}
        for n, m in enumerate((4, 24))
    ]
    write_rows(tmp_path / "budgets.jsonl", budgets)
    recipe = Recipe(
        model=str(short),
        records=tmp_path / "records.jsonl",
        budgets=tmp_path / "budgets.jsonl",
        batch_size=2,
        frame_pooling=2,
    )
    trained = train(recipe, output=tmp_path / "trained")
    (skipped,) = read_rows(trained / "skipped.jsonl")
    assert skipped["record_id"] == "1"
    assert "96 of them visual, and the model reads at most 64" in skipped["reason"]
    assert read_json(trained / "model/run_card.json")["num_samples"] == 1
    scored = evaluate(
        trained, benchmarks=["lab_video"], data_root=tmp_path, frames=24, output=tmp_path / "scores",
        max_new_tokens=2,
    )  # fmt: skip
    (failure,) = read_rows(scored / "failures.jsonl")
    assert failure["item_id"] == "1"
    assert "reads at most 64" in failure["reason"]


@pytest.mark.parametrize("key", ["rope_type", "type"])
def test_stretched_positions_reach_further(folder: Path, tmp_path: Path, key: str) -> None:
    stretched = shutil.copytree(folder, tmp_path / "stretched")
    config = json.loads((stretched / "config.json").read_text())
    config["text_config"].pop("rope_parameters", None)
    config["text_config"] |= {"rope_theta": 10000.0, "rope_scaling": {key: "linear", "factor": 2.0}}
    (stretched / "config.json").write_text(json.dumps(config))
    family = open_family(stretched)
    shape = video(300, side=SIDE).shape
    encoded = family.lay_out([QUESTION, ANSWER], [shape])
    assert encoded.num_visual_tokens == 1200
    text = family.encode([Turn(role="user", text="what is it?"), ANSWER], [])
    plain = open_family(folder)
    assert not torch.allclose(our_logits(family, text), our_logits(plain, text))
    halved = {"input_ids": text.input_ids[None], "position_ids": text.positions / 2}
    with torch.no_grad():
        torch.testing.assert_close(our_logits(family, text), plain.model(**halved).logits)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pixels_per_frame": SIDE**2 - 1}, r"pixels_per_frame=255: .* squares of 16x16 = 256 pixels"),
        ({"pixels_per_image": 100}, "pixels_per_image=100: "),
        ({"text_position": "after_extent"}, "text_position: this model's positions count tokens"),
        ({"frame_pooling": 3}, "frame_pooling=3"),
    ],
)
def test_settings_that_cannot_be_kept_are_errors(folder: Path, settings: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_family(folder, FamilySettings(**settings), with_model=False)


def test_no_other_family_takes_a_pooling(tiny_checkpoint: Path) -> None:
    with pytest.raises(UsageError, match=r"frame_pooling=2: the family of .* pools no frames"):
        open_family(tiny_checkpoint, FamilySettings(frame_pooling=2), with_model=False)


def test_the_pooling_is_stated(name: str, family: Family) -> None:
    reading = family.reading()
    assert (reading["family"], reading["frame_pooling"], reading["knows_time"]) == (name, 2, False)
    assert reading["pixels_per_frame"] == SIDE**2
    assert "text_position" not in reading


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vision_feature_select_strategy": "full"}, "feature selection 'full'"),
        ({"vision_config": {"model_type": "siglip_vision_model"}}, "vision tower 'siglip_vision_model'"),
    ],
)
def test_other_towers_are_refused(folder: Path, tmp_path: Path, change: Any, message: str) -> None:
    other = shutil.copytree(folder, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(UsageError, match=message):
        open_family(other, with_model=False)


@pytest.mark.parametrize(
    ("size", "stored"),
    [((720, 1280), (16, 28)), ((1280, 720), (28, 16)), ((10, 300), (10, 300)), ((16, 16), (16, 16))],
)
def test_stored_frames_keep_their_proportions(
    family: Family, size: tuple[int, int], stored: tuple[int, int]
) -> None:
    assert family.frame_size("video", *size) == stored


def test_a_stored_frame_is_cropped_and_no_more(family: Family) -> None:
    """What is cut off is what upstream cuts off: the ends of the longer side."""
    height, width = family.frame_size("video", 720, 1280)
    pixels = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    clip = Visual(kind="video", pixels=pixels, times_seconds=np.arange(2.0))
    tensors = family.visual_tensors([clip])
    read = tensors.get("pixel_values_videos", tensors.get("pixel_values")).reshape(2, 3, SIDE, SIDE)
    processor = family._processor.image_processor
    mean, deviation = (torch.tensor(v)[:, None, None] for v in (processor.image_mean, processor.image_std))
    cut = (width - SIDE) // 2
    kept = torch.from_numpy(pixels[:, :, cut : cut + SIDE]).permute(0, 3, 1, 2)
    torch.testing.assert_close(read, (kept / 255 - mean) / deviation, atol=1e-5, rtol=1e-5)


def test_frames_of_a_processor_that_pads_are_stored_as_they_are() -> None:
    padding = transformers.LlavaImageProcessor(size={"shortest_edge": SIDE}, do_pad=True)
    assert stored_size(padding, 720, 1280) == (720, 1280)


def as_released(source: Path, target: Path) -> Path:
    """The same checkpoint in the layout of the released folders, which older tools wrote."""
    shutil.copytree(source, target)
    config = json.loads((target / "config.json").read_text())
    config["torch_dtype"] = "bfloat16"
    for part in ("text_config", "vision_config"):
        config[part].pop("dtype", None)
    config.pop("dtype")
    config["text_config"].pop("rope_parameters")
    (target / "config.json").write_text(json.dumps(config))
    weights = load_file(target / "model.safetensors")
    assert all(not key.startswith("model.model") for key in weights)
    save_file({old_name(key): w.bfloat16() for key, w in weights.items()}, target / "model.safetensors")
    processor = json.loads((target / "processor_config.json").read_text())
    images = processor.pop("image_processor")
    videos = processor.pop("video_processor", None)
    (target / "preprocessor_config.json").write_text(json.dumps(images))
    if videos:
        (target / "video_preprocessor_config.json").write_text(json.dumps(videos))
    (target / "processor_config.json").write_text(
        json.dumps({"processor_class": processor["processor_class"]})
    )
    template = (target / "chat_template.jinja").read_text()
    (target / "chat_template.jinja").unlink()
    (target / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    return target


def old_name(key: str) -> str:
    """Name of a weight in the released files."""
    if key.startswith("model.language_model."):
        return key.replace("model.language_model.", "language_model.model.", 1)
    if key.startswith("model.vision_tower.") and ".vision_model." not in key:
        return key.replace("model.vision_tower.", "vision_tower.vision_model.", 1)
    return key.removeprefix("model.") if key != "lm_head.weight" else "language_model.lm_head.weight"


def test_the_released_layout_gives_the_same_model(folder: Path, tmp_path: Path) -> None:
    released = as_released(folder, tmp_path / "released")
    opened = open_family(released, dtype=torch.float32)
    ours = open_family(folder, dtype=torch.float32)
    with torch.no_grad():
        for parameter in ours.model.parameters():
            parameter.copy_(parameter.bfloat16())
    turns = [Turn(role="user", text="<image>\nand <video>?"), ANSWER]
    encoded = [f.encode(turns, [image(), video()]) for f in (opened, ours)]
    assert encoded[0].input_ids.tolist() == encoded[1].input_ids.tolist()
    assert torch.equal(our_logits(opened, encoded[0]), our_logits(ours, encoded[1]))
    opened.save(tmp_path / "saved")
    saved = load_file(tmp_path / "saved/model.safetensors")
    assert {tensor.dtype for tensor in saved.values()} == {torch.bfloat16}
    assert (tmp_path / "saved/chat_template.jinja").is_file()
    reopened = open_family(tmp_path / "saved", dtype=torch.float32)
    assert torch.equal(our_logits(reopened, encoded[0]), our_logits(ours, encoded[1]))


def test_bfloat16_weights(folder: Path) -> None:
    half = open_family(folder, dtype=torch.bfloat16)
    turns = [Turn(role="user", text="<image>\nand <video>?"), ANSWER]
    assert our_logits(half, half.encode(turns, [image(), video()])).dtype == torch.bfloat16


def test_an_allocator_asks_the_released_layout_too(folder: Path, tmp_path: Path) -> None:
    released = as_released(folder, tmp_path / "released")
    model, tokenizer = open_text_model(str(released), device="cpu", dtype="float32")
    (scores,) = option_log_probabilities(model, tokenizer, ["how many?"], (8, 16), 1)
    assert all(np.isfinite(scores))
