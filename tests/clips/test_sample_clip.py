"""Choosing and decoding, joined."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framewise._errors import FramewiseError
from framewise.clips import sample, sample_clip
from framewise.clips.decoders.pyav import PyAV


def test_frames_are_those_that_sampling_chose(
    tmp_path: Path, write_clip: Callable, frame_numbers: Callable
) -> None:
    file = write_clip(tmp_path / "a.mp4", num_frames=33, fps=10.0)
    for m in (1, 2, 8, 33, 64):
        frames, chosen = sample_clip(PyAV(), file, m, 2)
        assert frame_numbers(frames.pixels) == chosen.indices.tolist()
        np.testing.assert_array_equal(frames.times_seconds, chosen.times_seconds)
        np.testing.assert_array_equal(chosen.indices, sample(np.arange(33) / 10, m, multiple_of=2).indices)


def test_a_window(tmp_path: Path, write_clip: Callable, frame_numbers: Callable) -> None:
    file = write_clip(tmp_path / "a.mp4", num_frames=40, fps=10.0)
    frames, _ = sample_clip(PyAV(), file, 2, start_seconds=1.0, end_seconds=2.0)
    assert frame_numbers(frames.pixels) == [12, 17]


def test_an_unusable_file_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(FramewiseError, match="missing"):
        sample_clip(PyAV(), tmp_path / "absent.mp4", 8)
