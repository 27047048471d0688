"""What every model family must satisfy, on the tiny checkpoint that its own test file writes."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from framewise._errors import FramewiseError
from framewise._plugins import plugin_names
from framewise.families import Encoded, Family, FamilySettings, Visual, VisualShape, open_family
from framewise.records import Turn

BUDGETS = (8, 16, 32, 64)
_TIMESTAMP = re.compile(r"<(\d+\.\d+) seconds>")


@pytest.fixture(scope="module", params=plugin_names("families"))
def folder(request: pytest.FixtureRequest, family_checkpoint: Callable[[str], Path]) -> Path:
    return family_checkpoint(request.param)


@pytest.fixture(scope="module")
def family(folder: Path) -> Family:
    return open_family(folder, FamilySettings(pixels_per_frame=48 * 48, pixels_per_image=64 * 64))


def video(num_frames: int = 8, seconds: float = 4.0, height: int = 48, width: int = 64) -> Visual:
    rng = np.random.default_rng(num_frames)
    pixels = rng.integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8)
    return Visual(kind="video", pixels=pixels, times_seconds=np.arange(num_frames) * seconds / num_frames)


def shape(num_frames: int, times_seconds: np.ndarray, side: int = 64) -> VisualShape:
    assert len(times_seconds) == num_frames
    return VisualShape(kind="video", height=side, width=side, times_seconds=times_seconds)


def image(height: int = 48, width: int = 64) -> Visual:
    pixels = np.random.default_rng(7).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    return Visual(kind="image", pixels=pixels, times_seconds=np.zeros(1))


def ask(text: str, *answers: str) -> list[Turn]:
    turns = [Turn(role="user", text=text)]
    for answer in answers:
        turns += [Turn(role="assistant", text=answer), Turn(role="user", text="and then?")]
    return turns[: 2 * len(answers)] if answers else turns


@pytest.fixture(scope="module")
def batch(family: Family) -> list[Encoded]:
    return [
        family.encode(ask("<video>\nwhat moves?", "a red square"), [video()]),
        family.encode(ask("<image>how many, and in <video>?", "Three", "two blue"), [image(), video(6, 3.0)]),
        family.encode(ask("hello", "yes"), []),
        family.encode(ask("<video>", "long"), [video(32, 2.5)]),
    ]


def answer_losses(family: Family, batch: list[Encoded], pad: str) -> list[float]:
    """Mean negative log-likelihood of each sequence's answers, out of one padded batch."""
    inputs = family.collate(batch, pad=pad)
    labels = inputs["labels"][:, 1:]
    with torch.no_grad():
        logits = family.model(**{k: v for k, v in inputs.items() if k != "labels"}).logits[:, :-1]
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    return [float(row[kept].mean()) for row, kept in zip(losses, labels >= 0, strict=True)]


def test_labels_are_the_answers_and_what_ends_them(family: Family, batch: list[Encoded]) -> None:
    for encoded, answers in zip(
        batch, [["a red square"], ["Three", "two blue"], ["yes"], ["long"]], strict=True
    ):
        learned = encoded.labels >= 0
        assert (encoded.labels[learned] == encoded.input_ids[learned]).all()
        runs = (learned & ~learned.roll(1)).cumsum(0)[learned]
        replies = [encoded.labels[learned][runs == i + 1] for i in range(len(answers))]
        texts = [family.tokenizer.decode(reply, skip_special_tokens=True) for reply in replies]
        # Llama's tokens begin with the space before a word.
        assert [text.strip() for text in texts] == answers
        assert int(runs.max()) == len(answers)
        assert all(int(reply[-1]) in family.tokenizer.all_special_ids for reply in replies)


@pytest.mark.parametrize("pad", ["left", "right"])
def test_padding_does_not_change_the_loss(family: Family, batch: list[Encoded], pad: str) -> None:
    alone = [answer_losses(family, [encoded], "right")[0] for encoded in batch]
    np.testing.assert_allclose(answer_losses(family, batch, pad), alone, atol=2e-5)


def test_reply_is_the_beginning_of_the_answered_conversation(family: Family) -> None:
    prompt = family.encode(ask("<video>what?"), [video()], reply=True)
    whole = family.encode(ask("<video>what?", "this"), [video()])
    assert whole.input_ids[: len(prompt)].tolist() == prompt.input_ids.tolist()
    assert torch.equal(whole.positions[:, : len(prompt)], prompt.positions)
    assert (prompt.labels < 0).all()
    assert whole.labels[len(prompt)] >= 0


def test_parts_partition_the_parameters(family: Family) -> None:
    parts = family.parts()
    named = [name for names in parts.values() for name in names]
    assert sorted(named) == sorted(name for name, _ in family.model.named_parameters())
    assert set(parts) == {"vision", "projector", "language"}
    assert all(parts.values())


@pytest.mark.parametrize("size", [(48, 64), (31, 77), (200, 20), (64, 64)])
def test_planned_tokens_are_real_tokens(family: Family, size: tuple[int, int]) -> None:
    for visual in (image(*size), video(8, 4.0, *size), video(5, 4.0, *size)):
        encoded = family.encode(ask(f"<{visual.kind}>"), [visual], reply=True)
        planned = family.num_visual_tokens(visual.kind, len(visual.pixels), *size)
        assert planned == encoded.num_visual_tokens
        bare = family.encode(ask(""), [], reply=True)
        assert len(encoded) >= len(bare) + planned


def test_layout_without_pixels_is_the_encoding(family: Family) -> None:
    turns = ask("<image>how many, and in <video>?", "Three", "two")
    visuals = [image(31, 77), video(6, 3.0)]
    planned = family.lay_out(turns, [visual.shape for visual in visuals])
    real = family.encode(turns, visuals)
    assert planned.input_ids.tolist() == real.input_ids.tolist()
    assert planned.labels.tolist() == real.labels.tolist()
    assert torch.equal(planned.positions, real.positions)
    assert (planned.num_visual_tokens, planned.tensors) == (real.num_visual_tokens, {})


@pytest.mark.parametrize("size", [(48, 64), (31, 77), (200, 20), (720, 1280)])
def test_frames_of_the_frame_size_stay_as_they_are(family: Family, size: tuple[int, int]) -> None:
    for kind in ("image", "video"):
        stored = family.frame_size(kind, *size)
        assert family.frame_size(kind, *stored) == stored
        tokens = [family.num_visual_tokens(kind, 1 if kind == "image" else 8, *s) for s in (size, stored)]
        assert tokens[0] == tokens[1]


@pytest.mark.parametrize("num_frames", BUDGETS)
def test_pixels_per_frame_do_not_depend_on_the_budget(family: Family, num_frames: int) -> None:
    planned = family.num_visual_tokens("video", num_frames, 90, 160)
    assert planned * BUDGETS[0] == family.num_visual_tokens("video", BUDGETS[0], 90, 160) * num_frames


@settings(max_examples=80, deadline=None)
@given(num_frames=st.integers(2, 64), seconds=st.floats(0.5, 3600.0), data=st.data())
def test_times_strictly_increase(
    family: Family, num_frames: int, seconds: float, data: st.DataObject
) -> None:
    """Positions, and timestamps where there are any, for every budget and duration; also at a variable rate."""
    steady = (np.arange(num_frames) + 0.5) * seconds / num_frames
    shift = data.draw(st.floats(0.0, 0.4), label="share of a frame's interval that times lie off")
    jitter = np.random.default_rng(num_frames).uniform(-shift, shift, num_frames) * seconds / num_frames
    encoded = family.lay_out(ask("<video>", "x"), [shape(num_frames, steady + jitter)])
    assert encoded.positions.dtype == torch.float32
    first_tokens = group_starts(family, encoded, num_frames)
    assert (encoded.positions[0, first_tokens].diff() > 0).all()
    assert (encoded.positions[0].diff() >= 0).all()
    words = _TIMESTAMP.findall(family.tokenizer.decode(encoded.input_ids))
    assert len(words) in (0, len(first_tokens))
    assert (np.diff(np.array(words, np.float64)) > 0).all()


def test_times_reach_the_model_where_the_family_says_so(family: Family) -> None:
    slow, fast = (
        family.lay_out(ask("<video>", "x"), [shape(8, np.arange(8) * seconds)]) for seconds in (0.5, 5.0)
    )
    same = torch.equal(slow.input_ids, fast.input_ids) and torch.equal(slow.positions, fast.positions)
    assert same != family.knows_time
    assert family.reading()["knows_time"] == family.knows_time


def group_starts(family: Family, encoded: Encoded, num_frames: int) -> torch.Tensor:
    """Places of the first visual token of each temporal group of the only video of a sequence."""
    placeholder = encoded.input_ids.mode().values
    places = (encoded.input_ids == placeholder).nonzero().flatten()
    assert len(places) == encoded.num_visual_tokens
    groups = -(-num_frames // family.temporal_multiple)
    assert len(places) % groups == 0
    return places.view(groups, -1)[:, 0]


def test_200_planned_token_counts_are_real(family: Family, folder: Path) -> None:
    """200 random media over all families: planned without pixels, encoded with them, read by the model."""
    rng = np.random.default_rng(folder.name.encode()[-1])
    for _ in range(-(-200 // len(plugin_names("families")))):
        num_frames, (height, width) = int(rng.integers(2, 65)), rng.integers(8, 200, 2).tolist()
        times = np.sort(rng.choice(10_000, num_frames, replace=False)) / 10_000 * rng.uniform(0.5, 3600.0)
        pixels = rng.integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8)
        visual = Visual(kind="video", pixels=pixels, times_seconds=times)
        turns = ask("<video>what moves?", "a square")
        planned = family.lay_out(turns, [visual.shape])
        real = family.encode(turns, [visual])
        assert len(planned) == len(real)
        counted = family.num_visual_tokens("video", num_frames, height, width)
        assert counted == planned.num_visual_tokens == real.num_visual_tokens
        # Wherever features and placeholders differ in number, transformers' models raise.
        with torch.no_grad():
            inputs = family.collate([real], pad="right")
            del inputs["labels"]
            family.model(**inputs, logits_to_keep=1)


@pytest.mark.parametrize("size", [(1, 900), (2, 500), (900, 1)])
@pytest.mark.parametrize("kind", ["image", "video"])
def test_slivers_are_read_or_refused_in_words(family: Family, kind: str, size: tuple[int, int]) -> None:
    visual = replace(image(*size), kind=kind)
    refusals = []
    for attempt in (
        lambda: family.frame_size(kind, *size),
        lambda: family.num_visual_tokens(kind, 1, *size),
        lambda: family.lay_out(ask(f"<{kind}>"), [visual.shape]),
        lambda: family.encode(ask(f"<{kind}>"), [visual]),
    ):
        try:
            attempt()
        except FramewiseError as error:
            refusals.append(str(error))
    assert refusals == [] or (len(refusals) == 4 and len(set(refusals)) == 1)


def test_collate_keeps_positions_in_full_precision(family: Family, batch: list[Encoded]) -> None:
    positions = family.collate(batch, pad="right")["position_ids"]
    for row, encoded in enumerate(batch):
        axes = positions[row][None] if positions.ndim == 2 else positions[:, row]
        assert torch.equal(axes[:, : len(encoded)].float(), encoded.positions)


def test_batched_replies_equal_single_ones(family: Family) -> None:
    prompts = [
        family.encode(ask("<video>what moves?"), [video()], reply=True),
        family.encode(ask("<image>how many shapes are there in this?"), [image()], reply=True),
        family.encode(ask("<video>"), [video(64, 3.0)], reply=True),
    ]
    single = [family.generate([prompt], max_new_tokens=8)[0] for prompt in prompts]
    assert family.generate(prompts, max_new_tokens=8) == single
    assert any(reply.text for reply in single)
    assert {reply.finish_reason for reply in family.generate(prompts, max_new_tokens=1)} <= {"stop", "length"}


def test_what_is_saved_opens_to_the_same_model(family: Family, batch: list[Encoded], tmp_path: Path) -> None:
    family.save(tmp_path)
    reopened = open_family(tmp_path, family.settings)
    assert answer_losses(reopened, batch, "right") == answer_losses(family, batch, "right")
    assert not [f for f in tmp_path.iterdir() if f.suffix in (".bin", ".pt", ".pkl")]


def test_without_model_encodes_the_same(family: Family, folder: Path) -> None:
    light = open_family(folder, family.settings, with_model=False)
    ours, theirs = (f.encode(ask("<video>q", "a"), [video()]) for f in (light, family))
    assert ours.input_ids.tolist() == theirs.input_ids.tolist()
    assert torch.equal(ours.positions, theirs.positions)
    assert not hasattr(light, "model")
