"""Media that tests make for themselves: tiny real videos and images whose frames carry their own number."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

_TIME_BASE = Fraction(1, 1000)
_BITS = 8


def numbered_frames(num_frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """Frames [num_frames, height, width, 3]; the upper half says the number in eight black or white columns.

    The lower right is red, so that a turned picture is noticed.
    """
    frames = np.zeros((num_frames, height, width, 3), np.uint8)
    edges = np.linspace(0, width, _BITS + 1).astype(int)
    for number in range(num_frames):
        for bit in range(_BITS):
            frames[number, : height // 2, edges[bit] : edges[bit + 1]] = 255 * (number >> bit & 1)
    frames[:, height // 2 :, width // 2 :, 0] = 255
    return frames


def read_numbers(pixels: NDArray[np.uint8]) -> list[int]:
    """The numbers that frames of ``numbered_frames`` carry, also after lossy compression."""
    height, width = pixels.shape[1:3]
    edges = np.linspace(0, width, _BITS + 1).astype(int)
    bits = [pixels[:, : height // 2, edges[b] : edges[b + 1]].mean((1, 2, 3)) > 127 for b in range(_BITS)]
    return [int(sum(int(bit[f]) << b for b, bit in enumerate(bits))) for f in range(len(pixels))]


def encode_clip(
    path: Path,
    *,
    frames: NDArray[np.uint8] | None = None,
    num_frames: int = 16,
    height: int = 64,
    width: int = 64,
    fps: float = 8.0,
    times_seconds: Sequence[float] | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    display_matrix: Sequence[int] | None = None,
    faststart: bool = False,
) -> Path:
    """Write one video; see the fixture ``write_clip``."""
    pictures = numbered_frames(num_frames, height, width) if frames is None else frames
    times = [i / fps for i in range(len(pictures))] if times_seconds is None else times_seconds
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "+faststart"} if faststart else {}) as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1000))
        stream.height, stream.width = pictures.shape[1:3]
        stream.pix_fmt = pixel_format
        stream.time_base = stream.codec_context.time_base = _TIME_BASE
        stream.codec_context.thread_count = 1
        stream.options = {"bf": "2"} | (options or {}) if codec == "libx264" else (options or {})
        if display_matrix is not None:
            stream.set_display_matrix(display_matrix)
        for picture, seconds in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = round(seconds / _TIME_BASE), _TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def write_clip() -> Callable[..., Path]:
    """``write_clip(path, num_frames=16, height=64, width=64, fps=8.0, ...) -> path``: a real H.264 video.

    ``frames`` [n, height, width, 3] replaces the numbered frames, ``times_seconds`` the constant rate (to the
    millisecond). ``codec``, ``pixel_format``, ``options``, ``display_matrix`` and ``faststart`` go to FFmpeg.
    """
    return encode_clip


@pytest.fixture(scope="session")
def frame_numbers() -> Callable[[NDArray[np.uint8]], list[int]]:
    """``frame_numbers(pixels) -> [int]`` reads back which frames of ``write_clip`` these are."""
    return read_numbers


@pytest.fixture(scope="session")
def write_image() -> Callable[..., Path]:
    """``write_image(path, pixels=None, height=64, width=64) -> path``: a real image file."""

    def write(path: Path, pixels: NDArray[np.uint8] | None = None, height: int = 64, width: int = 64) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbered_frames(2, height, width)[1] if pixels is None else pixels).save(path)
        return path

    return write
