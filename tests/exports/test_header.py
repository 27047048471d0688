"""What a file's header says, of files of every kind."""

from pathlib import Path

import pytest

from framewise._errors import FramewiseError
from framewise.exports._header import read_header


def test_an_mp4_says_all(tmp_path: Path, write_clip) -> None:
    header = read_header(write_clip(tmp_path / "a.mp4", num_frames=12, fps=4.0, height=56, width=84))
    assert (header.stated_frames, header.num_frames, header.fps) == (12, 12, 4.0)
    assert (header.duration_seconds, header.height, header.width) == (3.0, 56, 84)
    assert header.constant_rate


def test_a_webm_states_no_frames_and_no_duration(tmp_path: Path, write_clip) -> None:
    header = read_header(write_clip(tmp_path / "a.webm", num_frames=12, fps=4.0, codec="libvpx-vp9"))
    assert (header.stated_frames, header.num_frames, header.duration_seconds) == (0, 12, None)
    assert header.constant_rate


@pytest.mark.parametrize("late", [0.1, 2.0])
def test_a_frame_that_comes_late_is_seen(tmp_path: Path, write_clip, late: float) -> None:
    times = [i / 4 + late * (i > 6) for i in range(12)]
    assert not read_header(write_clip(tmp_path / "a.mp4", num_frames=12, times_seconds=times)).constant_rate


def test_a_rate_that_milliseconds_round_is_constant(tmp_path: Path, write_clip) -> None:
    header = read_header(write_clip(tmp_path / "a.mp4", num_frames=30, fps=30000 / 1001))
    assert header.constant_rate


@pytest.mark.parametrize("contents", [b"", b"<html></html>", b"#EXTM3U\n/etc/passwd\n", b"\0" * 100])
def test_what_is_no_video_is_said(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(contents)
    with pytest.raises(FramewiseError, match=r"a\.mp4"):
        read_header(tmp_path / "a.mp4")
    with pytest.raises(FramewiseError, match="does not open as a video"):
        read_header(tmp_path / "b.mp4")
    with pytest.raises(FramewiseError, match="does not open as a video"):
        read_header(tmp_path)


def test_a_file_that_changed_is_read_again(tmp_path: Path, write_clip) -> None:
    assert read_header(write_clip(tmp_path / "a.mp4", num_frames=12)).num_frames == 12
    assert read_header(write_clip(tmp_path / "a.mp4", num_frames=14)).num_frames == 14
