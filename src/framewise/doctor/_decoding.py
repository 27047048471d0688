"""Decoders, on a clip that is made here."""

import ctypes.util
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import av
import numpy as np

from framewise._errors import FramewiseError, UsageError
from framewise._plugins import load_plugin, plugin_names
from framewise.doctor._finding import Finding, fault, ok, warning

_DEFAULT = "pyav"
_FRAMES, _SIDE = 8, 64
_LEVELS = 24
"""Step of brightness from one frame to the next: far more than compression changes."""


def decoders() -> list[Finding]:
    """One finding a decoder: it must give the frames that were written, at their times."""
    with tempfile.TemporaryDirectory() as folder:
        clip = _write(Path(folder) / "clip.mp4")
        return [_try(name, clip) for name in plugin_names("decoders")]


def ffmpeg() -> Finding:
    """FFmpeg's shared libraries, which torchcodec loads; PyAV brings its own."""
    name = "FFmpeg libraries"
    library = ctypes.util.find_library("avcodec")
    try:
        installed = version("torchcodec")
    except PackageNotFoundError:
        return ok(name, f"{library or 'none'}; only torchcodec needs them, and it is not installed")
    if library is None:
        return warning(
            name, f"none for torchcodec {installed}", "install FFmpeg with its shared libraries, or use pyav"
        )
    return ok(name, f"{library} for torchcodec {installed}")


def _try(decoder: str, clip: Path) -> Finding:
    name = f"decoder {decoder}"
    try:
        opened: Any = load_plugin("decoders", decoder)()
        times = opened.frame_times(clip)
        frames = opened.decode(clip, range(_FRAMES))
    except UsageError as error:
        return warning(name, str(error), "install it, or use another decoder")
    except (FramewiseError, ImportError, OSError, RuntimeError) as error:
        # Whoever asks for it gets the error and no wrong frame; without the default there are no frames at all.
        broken = fault if decoder == _DEFAULT else warning
        return broken(name, f"it does not decode: {error}", "install it again, or use another decoder")
    seen = np.rint(frames.pixels.mean(axis=(1, 2, 3)) / _LEVELS).astype(int).tolist()
    wanted = list(range(1, _FRAMES + 1))
    if seen != wanted:
        return fault(name, f"it gives frames {seen} for {wanted}", "use another decoder")
    if len(times) != _FRAMES or not np.allclose(times, np.arange(_FRAMES) / _FRAMES, atol=1e-3):
        return fault(name, f"it gives the times {np.round(times, 3).tolist()}", "use another decoder")
    return ok(name, f"{_FRAMES} of {_FRAMES} frames are right, with their times")


def _write(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FRAMES)
        stream.width = stream.height = _SIDE
        stream.pix_fmt = "yuv420p"
        for number in range(_FRAMES):
            picture = np.full((_SIDE, _SIDE, 3), _LEVELS * (number + 1), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path
