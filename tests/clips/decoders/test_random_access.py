"""Seeking and skipping give what decoding from the start gives, to the last bit, for many codecs and containers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framewise.clips.decoders._container import opened
from framewise.clips.decoders._pixels import ToRGB
from framewise.clips.decoders._random_access import UntruthfulIndexError, read_chosen
from framewise.clips.decoders._sequential import read_frames
from framewise.clips.decoders._timeline import read_timeline
from framewise.clips.decoders.pyav import PyAV

_N = 40
_UNEVEN = np.cumsum([0.0, *([0.033, 0.04, 0.2, 0.05, 0.1] * 8)])[:_N].round(3).tolist()
_OPEN = "keyint=10:min-keyint=10:bframes=3:scenecut=0:open-gop=1"
_KINDS = {
    "pyramid.mp4": ("libx264", {"g": "12", "bf": "3", "x264-params": "b-pyramid=normal"}),
    "pyramid.mkv": ("libx264", {"g": "12", "bf": "3", "x264-params": "b-pyramid=normal"}),
    "pyramid.ts": ("libx264", {"g": "12", "bf": "3", "x264-params": "b-pyramid=normal"}),
    "pyramid.avi": ("libx264", {"g": "12", "bf": "3"}),
    "open.mp4": ("libx264", {"x264-params": _OPEN}),
    "open.ts": ("libx264", {"x264-params": _OPEN}),
    "refresh.mp4": ("libx264", {"x264-params": "intra-refresh=1:bframes=0:keyint=10"}),
    "interlaced.mp4": ("libx264", {"flags": "+ilme+ildct", "x264-params": "interlaced=1:keyint=10"}),
    "hevc.mp4": ("libx265", {"x265-params": _OPEN + ":log-level=none"}),
    "hidden.webm": ("libvpx", {"g": "10", "auto-alt-ref": "1", "lag-in-frames": "10", "deadline": "good"}),
    "vp9.webm": ("libvpx-vp9", {"g": "10", "auto-alt-ref": "1", "lag-in-frames": "16"}),
    "av1.mkv": ("libsvtav1", {"g": "10", "preset": "12"}),
    "plain.avi": ("mpeg4", {"g": "10"}),
    "b.mov": ("mpeg4", {"g": "10", "bf": "2"}),
    "still.gif": ("gif", {}),
}
_PIXELS = {"gif": "rgb8"}


@pytest.fixture(scope="module", params=sorted(_KINDS))
def clip(request: pytest.FixtureRequest, write_clip: Callable[..., Path], tmp_path_factory) -> Path:
    codec, options = _KINDS[request.param]
    return write_clip(
        tmp_path_factory.mktemp("zoo") / request.param,
        num_frames=_N,
        fps=20.0,
        times_seconds=_UNEVEN if request.param.endswith((".mp4", ".mkv", ".webm")) else None,
        codec=codec,
        options=options,
        pixel_format=_PIXELS.get(codec, "yuv420p"),
    )


def _from_the_start(file: Path) -> tuple[np.ndarray, np.ndarray]:
    with opened(file) as video:
        to_rgb = ToRGB()
        shown = [(frame.seconds, to_rgb(frame.frame).copy()) for frame in read_frames(video)]
    return np.array([seconds for seconds, _ in shown]), np.stack([pixels for _, pixels in shown])


def test_any_choice_of_frames_is_what_decoding_from_the_start_gives(clip: Path) -> None:
    times, pixels = _from_the_start(clip)
    rng = np.random.default_rng(0)
    choices = [rng.choice(len(times), size, replace=False) for size in (1, 1, 2, 3, 8, 30)]
    with PyAV().open(clip) as file:
        np.testing.assert_array_equal(file.frame_times(), times)
        for indices in [*map(sorted, choices), range(len(times)), [0], [len(times) - 1]]:
            frames = file.decode(indices)
            np.testing.assert_array_equal(frames.times_seconds, times[list(indices)])
            np.testing.assert_array_equal(frames.pixels, pixels[list(indices)])


def test_the_fast_way_is_taken_where_packets_tell_the_frames_and_seeking_finds_them(clip: Path) -> None:
    with opened(clip) as video:
        timeline = read_timeline(video)
        assert (timeline is None) == (clip.name in ("interlaced.mp4", "pyramid.avi"))
        if timeline is not None and clip.name not in ("refresh.mp4", "pyramid.ts", "open.ts"):
            assert sorted(index for index, _ in read_chosen(video, timeline, [3, 17, 33])) == [3, 17, 33]


def test_a_key_frame_that_is_none_is_found_out(clip: Path) -> None:
    """Rows that are refreshed one after the other pass for key frames: a decoder that begins there shows grey."""
    if clip.name == "refresh.mp4":
        with opened(clip) as video:
            timeline = read_timeline(video)
            assert timeline is not None
            assert timeline.is_key.sum() > 1
            with pytest.raises(UntruthfulIndexError):
                list(read_chosen(video, timeline, [25]))
