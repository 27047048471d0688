"""The rules of qwen-vl-utils and transformers, against torch and against numbers worked out by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import FramewiseError
from framewise.exports._header import Header
from framewise.exports._rules_qwen_utils import chosen_indices, frame_range, frame_size, smart_num_frames
from framewise.exports._rules_transformers import frames_at_rate, resized, time_positions, whole_blocks


def header(num_frames: int, fps: float) -> Header:
    return Header(
        stated_frames=num_frames, num_frames=num_frames, fps=fps, duration_seconds=num_frames / fps,
        height=56, width=84, constant_rate=True,
    )  # fmt: skip


@given(first=st.integers(0, 5000), total=st.integers(2, 200000), num_frames=st.integers(2, 768))
def test_frames_are_those_of_torch(first: int, total: int, num_frames: int) -> None:
    points = torch.linspace(first, first + total - 1, num_frames).round().long()
    assert chosen_indices(first, first + total - 1, num_frames) == tuple(points.tolist())


@pytest.mark.parametrize(
    ("element", "total", "fps", "expected"),
    [
        ({"nframes": 16}, 80, 8.0, 16),
        ({"nframes": 9}, 80, 8.0, 8),  # halves to even
        ({"nframes": 11}, 80, 8.0, 12),
        ({}, 80, 8.0, 20),  # two a second
        ({}, 8, 8.0, 4),  # at least four
        ({"fps": 1.0, "max_frames": 6}, 80, 8.0, 6),
        ({"fps": 8}, 16, 4.0, 16),  # a rate above the file's own takes all
    ],
)
def test_numbers_of_frames(element: dict[str, float], total: int, fps: float, expected: int) -> None:
    assert smart_num_frames(element, total, fps) == expected


@pytest.mark.parametrize(
    "element", [{"nframes": 82}, {"nframes": 0}, {"nframes": -2}, {"nframes": 2, "fps": 1}]
)
def test_numbers_that_are_not_there_are_errors(element: dict[str, float]) -> None:
    with pytest.raises(FramewiseError, match="nframes"):
        smart_num_frames(element, 80, 8.0)


def test_windows_include_their_last_frame() -> None:
    assert frame_range(header(80, 8.0), None, None) == (0, 79)
    assert frame_range(header(80, 8.0), 2.0, 6.0) == (16, 48)
    assert frame_range(header(80, 8.0), 1.99, 60.0) == (16, 79)
    with pytest.raises(FramewiseError, match="holds frames"):
        frame_range(header(80, 8.0), 9.99, None)


def test_sizes_of_qwen_vl_utils() -> None:
    # The facts' example: 1280 x 720 at 8 frames is 560 x 1008 with the defaults.
    assert frame_size(720, 1280, 8, {}, 28) == (560, 1008)
    # An upper limit below the lower one's margin does not hold: 128 x 28 x 28 pixels are the least.
    with pytest.raises(FramewiseError, match="below min_pixels"):
        frame_size(720, 1280, 8, {"max_pixels": 50176}, 28)
    with pytest.raises(FramewiseError, match="1:200"):
        frame_size(28, 28 * 201, 8, {}, 28)


def test_sizes_and_frames_of_transformers() -> None:
    assert whole_blocks(56, 84, 28) == (56, 84)
    assert whole_blocks(56, 84, 32) == (64, 96)
    assert resized(64, 96, 32, num_frames=8, min_pixels=0, max_pixels=8 * 64 * 96) == (64, 96)
    assert resized(64, 96, 32, num_frames=64, min_pixels=0, max_pixels=8 * 64 * 96) == (32, 32)
    at_two = frames_at_rate(header(80, 8.0), (0, 0), fps=2.0, min_frames=4, max_frames=768)
    assert (at_two.num_frames, at_two.indices[:3], at_two.indices[-1]) == (20, (0, 4, 8), 79)


@pytest.mark.parametrize(
    ("num_frames", "whole"),
    [(8, (1, 2, 3, 5, 7, 15, 30, 45)), (16, (0, 1, 1, 2, 3, 7, 15, 22)), (64, (0, 0, 0, 0, 0, 1, 3, 5))],
)
def test_whole_seconds_are_those_of_the_published_table(num_frames: int, whole: tuple[int, ...]) -> None:
    for seconds, cut in zip((5, 10, 15, 20, 30, 60, 120, 180), whole, strict=True):
        positions = time_positions(num_frames, seconds, whole_seconds=True)
        assert positions == [2 * cut * group for group in range(num_frames // 2)]
