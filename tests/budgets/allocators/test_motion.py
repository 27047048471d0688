from pathlib import Path

import numpy as np
import pytest

from framewise._errors import FramewiseError
from framewise.budgets import Budget, Failure, Request
from framewise.budgets._look import count_changes
from framewise.budgets.allocators.motion import Motion, MotionSettings
from framewise.clips import Clip
from framewise.records import Media, Record, Turn


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"frames": 16}


def texture(side: int) -> np.ndarray:
    return (
        np.random.default_rng(0)
        .integers(0, 256, (side // 8, side // 8, 3), np.uint8)
        .repeat(8, 0)
        .repeat(8, 1)
    )


def moving(step: int, num_frames: int = 33, side: int = 64) -> np.ndarray:
    """A square of texture that goes ``step`` pixels a frame to the right, and round."""
    picture = np.full((side, side, 3), 90, np.uint8)
    picture[16:48, 16:48] = texture(32)
    return np.stack([np.roll(picture, step * n, axis=1) for n in range(num_frames)])


@pytest.fixture
def request_of(tmp_path, write_clip):
    """A request for a clip of these frames."""

    def make(
        frames: np.ndarray, name: str = "a.mp4", media: dict | None = None, codec="h264", **options
    ) -> Request:
        write_clip(tmp_path / name, frames=frames, **options)
        medium = Media(kind="video", path=name, **(media or {}))
        record = Record(
            id=name, source="s", task="caption", media=(medium,), turns=(Turn(role="user", text="<video>?"),)
        )
        clip = Clip(
            path=name, status="ok", num_frames=len(frames), fps=8.0, duration_seconds=len(frames) / 8,
            width=frames.shape[2], height=frames.shape[1], codec=codec,
        )  # fmt: skip
        return Request(record=record, media_index=0, clip=clip, media_root=tmp_path)

    return make


def one(request: Request, **settings) -> Budget | Failure:
    (found,) = Motion(MotionSettings(**settings)).allocate([request])
    return found


@pytest.mark.parametrize("measure", ["differences", "vectors"])
def test_more_motion_is_more_frames_and_stillness_is_one(request_of, measure):
    threshold = 0.25 if measure == "differences" else 0.02
    numbers = [
        one(request_of(moving(step), f"{step}.mp4"), measure=measure, threshold=threshold).wanted
        for step in (0, 1, 4)
    ]
    assert numbers[0] == pytest.approx(1.0, abs=0.2)
    assert numbers[0] < numbers[1] < numbers[2] <= 64


def test_the_differences_are_those_of_the_pixels(request_of):
    frames = np.zeros((4, 32, 32, 3), np.uint8)
    frames[2:] = 51  # a fifth of the range
    found = one(request_of(frames, options={"qp": "0"}), threshold=0.05, side=32)
    assert found.score == pytest.approx(0.2 / 3, abs=5e-3)
    assert found.wanted == pytest.approx(2.0)  # one step, however large, is one frame


def test_the_vectors_have_the_length_of_the_movement(request_of):
    side = 128
    frames = np.stack([np.roll(texture(side), 4 * n, axis=1) for n in range(9)])
    found = one(
        request_of(frames, "v.mp4", options={"bf": "0", "qp": "20"}),
        measure="vectors",
        threshold=1.0,
    )
    assert found.score == pytest.approx(4 / (side * 2**0.5), rel=0.35)


def test_the_window_alone_is_looked_at(request_of):
    frames = np.concatenate([moving(0, 16), moving(4, 16)])
    still, busy = (
        one(request_of(frames, media=window)) for window in ({"end_seconds": 2.0}, {"start_seconds": 2.0})
    )
    assert still.wanted < 1.5 < 8 < busy.wanted
    assert one(request_of(frames, media={"end_seconds": 2.0}), measure="vectors").wanted < 1.5


def test_a_clip_without_vectors_is_a_counted_failure(request_of):
    keys = one(request_of(moving(2), options={"g": "1", "bf": "0"}), measure="vectors")
    assert (keys.status, keys.reason) == (
        "unsupported_codec",
        "every frame is a key frame: use measure=differences",
    )
    other = one(request_of(moving(2), "b.mp4", codec="vp9"), measure="vectors")
    assert "no motion vectors of vp9" in other.reason


def test_a_video_that_is_gone_is_counted_and_the_others_go_on(request_of, tmp_path):
    gone, there = request_of(moving(1), "gone.mp4"), request_of(moving(1), "there.mp4")
    (tmp_path / "gone.mp4").unlink()
    failed, found = Motion(MotionSettings()).allocate([gone, there])
    assert isinstance(failed, Failure)
    assert failed.status == "missing"
    assert isinstance(found, Budget)


def test_through_the_stage_all_gone_is_an_error(dataset):
    with pytest.raises(FramewiseError, match="no video has a budget; the last of them: missing"):
        dataset.allocate(allocator="motion", settings={})


def test_counting_changes_is_bounded():
    assert count_changes([], 0.1, 64) == 1.0
    assert count_changes([9.0] * 500, 0.1, 64) == 64.0
