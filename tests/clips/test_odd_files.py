"""A probe over a folder of broken and odd files: each gets its name, and the run never stops."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from framewise.cli._app import build_app
from framewise.clips import Clip, probe, read_clips, sample_clip
from framewise.clips.decoders.pyav import PyAV

Odd = tuple[Path, dict[str, str]]


@pytest.fixture(scope="module")
def clips(odd_media: Odd, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    output = tmp_path_factory.mktemp("run") / "clips.jsonl"
    shown = CliRunner().invoke(
        build_app(), ["probe", str(odd_media[0]), "-o", str(output), "--time-limit", "60"]
    )
    assert shown.exit_code == 0, shown.output
    faulty = [path for path, status in odd_media[1].items() if status != "ok"]
    assert len(faulty) >= 25
    for path in faulty:
        assert f"  {path}: {odd_media[1][path]}: " in shown.output, "one line to the user each"
    return read_clips(output)


def test_each_file_gets_its_status(odd_media: Odd, clips: dict[str, Clip]) -> None:
    assert len(odd_media[1]) >= 50
    assert {path: clip.status for path, clip in clips.items()} == odd_media[1]
    assert list(clips) == sorted(clips)


def test_each_fault_has_one_line_of_reason(clips: dict[str, Clip]) -> None:
    for clip in clips.values():
        assert clip.ok or clip.reason, clip.path
        assert "\n" not in clip.reason


def test_a_truncated_file_says_how_many_frames_are_good(clips: dict[str, Clip]) -> None:
    cut = {
        path: clip for path, clip in clips.items() if clip.status == "truncated" and not path.endswith("png")
    }
    assert len(cut) >= 12
    for clip in cut.values():
        assert f"{clip.num_frames} good frames" in clip.reason
        assert clip.truncated == (clip.num_frames > 0) or clip.num_frames == 0
    for path in ("cut.mkv", "cut.webm", "cut.avi", "cut.ts", "cut.wmv", "cut.gif", "index_first.mp4"):
        assert 0 < cut[path].num_frames < 40
        assert 0 < cut[path].duration_seconds < 5
        assert cut[path].fps > 0


def test_a_lying_header_is_recorded(clips: dict[str, Clip]) -> None:
    clip = clips["claims_1000_frames.avi"]
    assert (clip.num_frames, clip.claimed_frames, clip.claimed_seconds) == (8, 1000, 125.0)
    assert clip.reason == "the header claims 1000 frames and 125 s; there are 8 frames and 1 s"


def test_odd_files_are_as_they_are_shown(clips: dict[str, Clip]) -> None:
    def facts(path: str) -> tuple[int, float, int, int]:
        return (clips[path].num_frames, clips[path].duration_seconds, clips[path].width, clips[path].height)

    assert facts("single_frame.mp4") == (1, 0.125, 64, 64)
    assert facts("rotated.mp4") == (3, 0.375, 32, 64)
    assert facts("variable_rate.webm") == facts("variable_rate.mp4")
    assert facts("late_start.mkv") == (6, 0.75, 64, 64)
    assert facts("one_pixel.mkv") == (3, 0.375, 1, 1)
    assert facts("odd_size.mp4") == (3, 0.375, 63, 35)
    assert facts("gif_named.mp4") == facts("animated.gif") == (6, 0.6, 32, 32)
    assert facts("still.gif") == (1, 0.0, 8, 8)
    assert facts("frames") == (11, 5.5, 8, 8)
    assert [path for path, clip in clips.items() if clip.ok and clip.reason] == ["claims_1000_frames.avi"]


def test_truncated_files_are_usable_where_the_user_allows(odd_media: Odd, tmp_path: Path) -> None:
    """Every later stage gets the good frames, whatever the container."""
    root, expected = odd_media
    probe(root, output=tmp_path / "run", allow_truncated=True)
    clips = read_clips(tmp_path / "run")
    allowed = {path: clip for path, clip in clips.items() if clip.ok and clip.truncated}
    assert {path for path, clip in clips.items() if expected[path] == "truncated" and not clip.ok} == {
        "index_lost.mp4",
        "index_cut.mp4",
        "cut.png",
    }
    assert len(allowed) >= 10
    for path, clip in allowed.items():
        assert clip.reason.startswith(f"truncated, used with its {clip.num_frames} good frames: ")
        frames, chosen = sample_clip(PyAV(), root / path, 64, good_frames=clip.good_frames)
        assert len(frames.pixels) == clip.num_frames
        assert chosen.clamped
        assert np.all(np.diff(frames.times_seconds) > 0)


def test_the_good_frames_are_right(odd_media: Odd, write_clip: Callable, frame_numbers: Callable) -> None:
    root, _ = odd_media
    for path in ("index_first.mp4", "cut.webm", "cut.avi", "zero_tail.mp4"):
        found = PyAV().probe(root / path)
        good = found.num_frames - (found.status == "ok")
        frames, _ = sample_clip(PyAV(), root / path, 64, good_frames=good)
        assert frame_numbers(frames.pixels) == list(range(good)), path
