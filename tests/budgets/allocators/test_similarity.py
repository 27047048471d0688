import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._artifacts import read_manifest
from framewise._errors import FramewiseError, UsageError
from framewise.budgets import Failure, Request, Rounding
from framewise.budgets._distinct import count_kept, effective_number
from framewise.budgets.allocators.similarity import Similarity, SimilaritySettings
from framewise.clips import Clip
from framewise.records import Media, Record, Turn


def write_dinov2(folder: Path) -> Path:
    """A tiny random DINOv2 of the real class in the official file format."""
    import torch
    from transformers import BitImageProcessor, Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, image_size=28, patch_size=14
    )
    Dinov2Model(config).save_pretrained(folder)
    BitImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 28, "width": 28}, do_resize=True, do_center_crop=True
    ).save_pretrained(folder)
    return folder


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"model": str(write_dinov2(folder / "dinov2")), "frames": 12, "batch_size": 5}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_dinov2(tmp_path_factory.mktemp("dinov2"))


@pytest.fixture
def request_of(tmp_path, write_clip):
    def make(frames: np.ndarray, name: str = "a", media: dict | None = None) -> Request:
        path = f"{name}.mp4"
        write_clip(tmp_path / path, frames=frames)
        turns = (Turn(role="user", text="<video>?"),)
        record = Record(
            id=name,
            source="s",
            task="caption",
            media=(Media(kind="video", path=path, **(media or {})),),
            turns=turns,
        )
        clip = Clip(
            path=path, status="ok", num_frames=len(frames), fps=8.0, duration_seconds=len(frames) / 8,
            width=frames.shape[2], height=frames.shape[1], codec="h264",
        )  # fmt: skip
        return Request(record=record, media_index=0, clip=clip, media_root=tmp_path)

    return make


def noise(num_frames: int, seed: int = 0) -> np.ndarray:
    blocks = np.random.default_rng(seed).integers(0, 256, (num_frames, 4, 6, 3), np.uint8)
    return blocks.repeat(16, 1).repeat(16, 2)


def slow_effective_number(features: np.ndarray) -> float:
    """By the eigenvalues of the similarity matrix itself."""
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / len(unit))
    return math.exp(-sum(v * math.log(v) for v in values if v > 1e-12))


@given(st.integers(1, 12), st.integers(1, 8), st.integers(0, 10_000))
def test_the_effective_number_is_that_of_the_eigenvalues(n, size, seed):
    features = np.random.default_rng(seed).normal(size=(n, size))
    found = effective_number(features)
    assert found == pytest.approx(slow_effective_number(features), rel=1e-6)
    assert 1 - 1e-9 <= found <= min(n, size) + 1e-9
    # Neither copies of all frames nor their brightness count.
    assert effective_number(np.concatenate([3 * features, features])) == pytest.approx(found)


def test_equal_frames_are_one_and_frames_without_anything_in_common_are_all():
    assert effective_number(np.ones((7, 3))) == pytest.approx(1)
    assert effective_number(np.eye(7)) == pytest.approx(7)


def test_deduplication_by_hand():
    a, b = [1.0, 0.0], [0.0, 1.0]
    assert count_kept(np.array([a] * 16), 0.83, 16) == 1
    assert count_kept(np.array([a] * 16 + [b]), 0.83, 16) == 2
    # One b among 15 a: the mean similarity of an a to the others is 14/15, that of b is 0.
    assert count_kept(np.array([a] * 15 + [b]), 0.83, 16) == 2
    assert count_kept(np.array([a, b] * 8), 0.83, 16) == 16
    assert count_kept(np.array([a]), 0.83, 16) == 1


def test_a_still_clip_gets_fewer_than_a_changing_one_and_the_number_is_that_of_the_features(
    request_of, model
):
    still, changing = request_of(noise(1).repeat(24, 0), "still"), request_of(noise(24), "changing")
    allocator = Similarity(SimilaritySettings(model=str(model), frames=16))
    low, high = sorted(allocator.allocate([still, changing]), key=lambda b: b.wanted)
    assert (low.record_id, high.record_id) == ("still", "changing")
    assert low.wanted == pytest.approx(1, abs=0.05)
    features = allocator._reader.read(noise(24), "cls", 7)
    assert features.shape == (24, 32)
    assert high.wanted <= 16
    assert f"{high.wanted:g} of 16 frames differ in effect" == high.reason


def test_the_size_of_batches_changes_nothing_to_speak_of(model):
    reader = Similarity(SimilaritySettings(model=str(model)))._reader
    for kind in ("cls", "patches"):
        one, many = (reader.read(noise(9), kind, size) for size in (1, 9))
        np.testing.assert_allclose(one, many, atol=1e-5)


def test_the_patches_are_those_of_the_model(model):
    import torch
    from transformers import AutoImageProcessor, Dinov2Model

    reader = Similarity(SimilaritySettings(model=str(model)))._reader
    pixels = noise(2)
    values = AutoImageProcessor.from_pretrained(model)(images=list(pixels), return_tensors="pt").pixel_values
    with torch.no_grad():
        states = Dinov2Model.from_pretrained(model)(values).last_hidden_state
    np.testing.assert_allclose(reader.read(pixels, "patches", 2), states[:, 1:].mean(1), atol=1e-5)
    np.testing.assert_allclose(reader.read(pixels, "cls", 2), states[:, 0], atol=1e-5)


def test_questions_about_one_window_are_looked_at_once(request_of, model, monkeypatch):
    from dataclasses import replace

    first = request_of(noise(8), "a")
    same = replace(first, record=replace(first.record, id="b"))
    allocator = Similarity(SimilaritySettings(model=str(model)))
    read = []
    original = allocator._reader.read
    monkeypatch.setattr(allocator._reader, "read", lambda *a: (read.append(1), original(*a))[1])
    assert len({b.num_frames for b in allocator.allocate([first, same])}) == 1
    assert len(read) == 1


def test_deduplicate_is_a_rule(request_of, model):
    settings = SimilaritySettings(model=str(model), rule="deduplicate", threshold=-1.0, window=4)
    (budget,) = Similarity(settings).allocate([request_of(noise(12))])
    assert (budget.num_frames, budget.reason) == (3, "3 of 12 frames stay after deduplication")


def test_a_video_that_is_gone_is_counted(request_of, model, tmp_path):
    gone, there = request_of(noise(4), "a"), request_of(noise(4), "b")
    (tmp_path / "a.mp4").unlink()
    failed, found = Similarity(SimilaritySettings(model=str(model))).allocate([gone, there])
    assert isinstance(failed, Failure)
    assert (failed.status, found.record_id) == ("missing", "b")


def test_features_that_are_no_numbers_stop_the_run(request_of, model, monkeypatch):
    allocator = Similarity(SimilaritySettings(model=str(model)))
    monkeypatch.setattr(allocator._reader, "read", lambda *_: np.full((4, 3), np.nan))
    with pytest.raises(FramewiseError, match="features that are not numbers"):
        list(allocator.allocate([request_of(noise(4))]))


def test_another_kind_of_model_is_refused(tiny_checkpoint):
    with pytest.raises(UsageError, match="is a qwen2_5_vl: similarity reads checkpoints of type dinov2"):
        Similarity(SimilaritySettings(model=str(tiny_checkpoint)))


def test_through_the_stage_snapped_continuous_or_matched(empty_dataset, rows, write_clip, model):
    record, clip = rows
    for number in range(4):
        write_clip(empty_dataset.folder / f"{number}.mp4", frames=noise(1 + 12 * number, number))
    records = [record(n) for n in range(4)]
    clips = [clip(n, 1 + 12 * n, width=96, height=64) for n in range(4)]
    empty_dataset.write(records, clips)
    settings = {"model": str(model)}
    run = empty_dataset.allocate("snapped", "similarity", settings=settings, multiple_of=1)
    assert read_manifest(run)["inputs"]["model"]["path"] == str(model)
    wishes = {w["record_id"]: w["wanted"] for w in empty_dataset.rows("snapped", "wishes.jsonl")}
    for row in empty_dataset.rows("snapped"):
        assert row["num_frames"] in (8, 1)
    rounding = Rounding(histogram=((4, 1), (12, 1)))
    empty_dataset.allocate("matched", "similarity", settings=settings, rounding=rounding, multiple_of=1)
    ranked = sorted(wishes, key=lambda name: wishes[name])
    numbers = {row["record_id"]: row["num_frames"] for row in empty_dataset.rows("matched", "wishes.jsonl")}
    assert set(numbers) == set(ranked)
    matched = [row["num_frames"] for row in empty_dataset.rows("matched")]
    assert sorted(matched) == [1, 4, 12, 12]
