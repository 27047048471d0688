from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import FramewiseError, UsageError
from framewise.budgets import Failure, Request
from framewise.budgets._sufficiency import smallest_sufficient
from framewise.budgets.allocators.oracle import Oracle, OracleSettings
from framewise.clips import Clip, read_media
from framewise.clips.decoders.pyav import PyAV
from framewise.families import FamilySettings, Visual, open_family
from framewise.records import Media, Record, Turn


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"model": str(tiny_checkpoint), "frames": "2,4", "batch_size": 5, "pixels_per_frame": 784}


@pytest.fixture
def requests(tmp_path, write_clip) -> list[Request]:
    found = []
    for number, (frames, path) in enumerate([(16, "a"), (16, "a"), (6, "b")]):
        write_clip(tmp_path / f"{path}.mp4", num_frames=frames)
        record = Record(
            id=f"r{number}", source="s", task="open_ended", media=(Media(kind="video", path=f"{path}.mp4"),),
            turns=(
                Turn(role="user", text=f"<video>what is in it, {number}?"),
                Turn(role="assistant", text="a red square" * (number + 1)),
            ),
        )  # fmt: skip
        clip = Clip(path=f"{path}.mp4", status="ok", num_frames=frames, fps=8.0, duration_seconds=frames / 8)
        found.append(Request(record=record, media_index=0, clip=clip, media_root=tmp_path))
    return found


@pytest.fixture(scope="module")
def opened(tiny_checkpoint) -> Oracle:
    return Oracle(
        OracleSettings(model=str(tiny_checkpoint), frames=(2, 4, 8), batch_size=2, pixels_per_frame=784)
    )


def slow_loss(checkpoint: Path, request: Request, num_frames: int) -> float:
    """One sequence through the model, the mean of the answer's log-probabilities by hand."""
    family = open_family(checkpoint, FamilySettings(pixels_per_frame=784), device="cpu")
    frames = read_media(request.media_root, request.media, PyAV(), num_frames, multiple_of=2)
    visual = Visual(kind="video", pixels=frames.pixels, times_seconds=frames.times_seconds)
    inputs = family.collate([family.encode(request.record.turns, [visual])], pad="right")
    labels = inputs.pop("labels")[0]
    with torch.no_grad():
        logs = family.model(**inputs).logits[0].double().log_softmax(-1)
    answer = [i for i in range(len(labels)) if labels[i] != -100]
    return -sum(float(logs[i - 1, labels[i]]) for i in answer) / len(answer)


def test_the_curve_is_that_of_the_answers_loss(opened, requests, tiny_checkpoint):
    budgets = {budget.record_id: budget for budget in opened.allocate(requests)}
    assert list(budgets["r0"].details) == ["2", "4", "8"]
    assert list(budgets["r2"].details) == ["2", "4", "6"]  # the clip has six frames
    for request in requests:
        budget = budgets[request.record.id]
        for number, loss in budget.details.items():
            assert loss == pytest.approx(slow_loss(tiny_checkpoint, request, int(number)), abs=2e-4)
        curve = {int(number): loss for number, loss in budget.details.items()}
        assert budget.num_frames == smallest_sufficient(curve, 0.05)


@given(st.dictionaries(st.sampled_from([2, 4, 8, 16, 32, 64]), st.floats(0, 3), min_size=1), st.floats(0, 1))
def test_the_smallest_sufficient_number_is_that_of_equation_24(losses, tolerance):
    most = max(losses)
    by_definition = [
        m for m in losses if all(losses[k] <= losses[most] + tolerance for k in losses if k >= m)
    ]
    assert smallest_sufficient(losses, tolerance) == min(by_definition)


def test_a_resumed_run_measures_only_the_batches_that_are_left(opened, requests, monkeypatch):
    whole = list(opened.allocate(requests))
    measured = []
    original = opened._measure
    monkeypatch.setattr(opened, "_measure", lambda batch: (measured.extend(batch), original(batch))[1])
    assert list(opened.allocate(requests, done={budget.key for budget in whole[:2]})) == whole[2:]
    assert [request.record.id for request in measured] == ["r2"]


def test_what_cannot_be_measured_is_counted(opened, requests, tmp_path):
    (tmp_path / "b.mp4").unlink()
    mute = replace(requests[1], record=replace(requests[1].record, turns=requests[1].record.turns[:1]))
    found = {f.record_id: f for f in opened.allocate([requests[0], mute, requests[2]])}
    assert isinstance(found["r1"], Failure)
    assert "no answer" in found["r1"].reason
    assert found["r2"].status == "missing"
    assert found["r0"].num_frames in (2, 4, 8)


def test_losses_that_are_no_numbers_stop_the_run(opened, requests, monkeypatch):
    monkeypatch.setattr(opened._losses, "losses", lambda batch: [float("nan")] * len(batch))
    with pytest.raises(FramewiseError, match="losses that are not numbers"):
        list(opened.allocate(requests))


def test_wrong_numbers_are_refused(dataset):
    with pytest.raises(UsageError, match="the smallest first"):
        dataset.allocate(allocator="oracle", settings={"model": "m", "frames": "8,4"})
