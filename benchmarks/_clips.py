"""The four clips of the benchmark, generated once.

A camera wanders over a cloudy picture, something moves before it, and the sensor has grain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks._numbers import write_number

_X264 = {"preset": "superfast", "crf": "23"}
_VP9 = {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0"}
_GRAIN_SHIFTS = 16


@dataclass(frozen=True)
class BenchClip:
    """A clip and the size at which it is asked for."""

    name: str
    height: int
    width: int
    size: tuple[int, int]
    """Height and width that Qwen2.5-VL gives its frames: multiples of 28, at most 768 x 28 x 28 pixels."""
    times: Sequence[float]
    """Seconds."""
    codec: str
    options: dict[str, str] = field(default_factory=dict)


def _uneven(seconds: float) -> list[float]:
    """Times of a screen recording: 30, 15 or 10 frames a second, as it comes."""
    gaps = np.random.default_rng(5).choice(
        [1 / 30, 1 / 15, 1 / 10], size=int(seconds * 30), p=[0.5, 0.3, 0.2]
    )
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    return [float(time) for time in times if time < seconds]


_EVERY_10_S = {"g": "240", "keyint_min": "240", "sc_threshold": "0"}
CLIPS = (
    BenchClip("5s-360p.mp4", 360, 640, (364, 644), [i / 30 for i in range(150)], "libx264", _X264),
    BenchClip("30s-720p.mp4", 720, 1280, (560, 1008), [i / 30 for i in range(900)], "libx264", _X264),
    BenchClip(
        "180s-1080p.mp4",
        1080,
        1920,
        (560, 1008),
        [i / 24 for i in range(4320)],
        "libx264",
        _X264 | _EVERY_10_S,
    ),
    BenchClip("60s-vfr.webm", 720, 1280, (560, 1008), _uneven(60.0), "libvpx-vp9", _VP9),
)


def write_clip(clip: BenchClip, path: Path) -> None:
    """Encode a clip, under another name until it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part, time_base = path.with_name(f"part-{path.name}"), Fraction(1, 1000)
    scene = _Scene(clip.height, clip.width)
    with av.open(str(part), "w") as container:
        stream = container.add_stream(clip.codec, rate=30, options=clip.options)
        stream.height, stream.width, stream.pix_fmt = clip.height, clip.width, "yuv420p"
        stream.time_base = stream.codec_context.time_base = time_base
        for number, seconds in enumerate(clip.times):
            frame = av.VideoFrame.from_ndarray(scene.picture(number, seconds), format="yuv420p")
            frame.pts, frame.time_base = round(seconds / time_base), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    part.rename(path)


class _Scene:
    def __init__(self, height: int, width: int) -> None:
        self._height, self._width = height, width
        rng = np.random.default_rng(height)
        self._ground = _clouds(rng, height * 3 // 2, width * 3 // 2)
        self._thing = _clouds(rng, height // 2, width // 2)
        shape = (height + _GRAIN_SHIFTS, width + _GRAIN_SHIFTS)
        self._grain = rng.integers(-2, 3, shape, dtype=np.int8).view(np.uint8)

    def picture(self, number: int, seconds: float) -> Any:
        """The three planes of YUV 4:2:0 below each other."""
        h, w = self._height, self._width
        top, left = (int(side / 4 * (1 + np.sin(seconds * speed))) for side, speed in ((h, 0.31), (w, 0.23)))
        y, x = (int(side / 4 * (1 + np.sin(seconds * speed))) for side, speed in ((h, 0.9), (w, 0.7)))
        planes = []
        for step, ground, thing in zip((1, 2, 2), self._ground, self._thing, strict=True):
            plane = ground[top // 2 * 2 // step :, left // 2 * 2 // step :][: h // step, : w // step].copy()
            place = plane[y // 2 * 2 // step :, x // 2 * 2 // step :][: thing.shape[0], : thing.shape[1]]
            place[:] = thing[: place.shape[0], : place.shape[1]]
            planes.append(plane)
        dy, dx = number * 7 % _GRAIN_SHIFTS, number * 5 % _GRAIN_SHIFTS
        planes[0] += self._grain[dy : dy + h, dx : dx + w]
        write_number(planes[0], number)
        return np.concatenate([plane.ravel() for plane in planes]).reshape(h * 3 // 2, w)


def _clouds(rng: np.random.Generator, height: int, width: int) -> tuple[Any, Any, Any]:
    """Planes whose detail falls off as in photographs."""
    half = height // 2, width // 2
    return (
        _plane(rng, height, width, 20, 230),
        _plane(rng, *half, 64, 192, falloff=1.3),
        _plane(rng, *half, 64, 192, falloff=1.3),
    )


def _plane(
    rng: np.random.Generator, height: int, width: int, low: int, high: int, falloff: float = 1.0
) -> Any:
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    radius[0, 0] = 1 / max(height, width)
    waves = np.fft.rfft2(rng.standard_normal((height, width))) / radius**falloff
    plane = np.fft.irfft2(waves, (height, width))
    plane = (plane - plane.mean()) / plane.std()
    return np.clip((low + high) / 2 + plane * (high - low) / 5, low, high).astype(np.uint8)
