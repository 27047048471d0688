"""LLaMA-Factory's rule for frames, times and sizes.

Source: hiyouga/LLaMA-Factory @ ff6d4d1, src/llamafactory/data/mm_plugin.py; line numbers below are in that
file. Release 0.9.5 has the same lines.
"""

import math

import numpy as np

from framewise._errors import FramewiseError
from framewise.exports._exporter import Seen
from framewise.exports._header import Header
from framewise.exports._model import Target
from framewise.exports._rules_transformers import whole_blocks

_SMALLEST_SIDE, _LONGEST_RATIO, _CUT_RATIO = 28, 200, 180


def sample_indices(header: Header, *, video_fps: float, video_maxlen: int) -> tuple[int, ...]:
    """``_get_video_sample_indices`` (line 237): linear from the first frame to the last, rounded down.

    Raises:
        FramewiseError: The header says no duration, where LLaMA-Factory would raise.
    """
    if header.stated_frames == 0:
        # The container does not say how many there are: the first ones are taken.
        return tuple(range(min(video_maxlen, header.num_frames)))
    if header.duration_seconds is None:
        raise FramewiseError("the container does not say the stream's duration")
    by_rate = max(1, math.floor(header.duration_seconds * video_fps))
    wanted = min(header.stated_frames, video_maxlen, by_rate)
    return tuple(np.linspace(0, header.stated_frames - 1, wanted).astype(np.int32).tolist())


def regularised(height: int, width: int, *, max_pixels: int, min_pixels: int) -> tuple[int, int]:
    """Height and width after ``_preprocess_image`` (lines 218 and 2261)."""
    if height * width > max_pixels:
        height, width = _scaled(height, width, max_pixels)
    if height * width < min_pixels:
        height, width = _scaled(height, width, min_pixels)
    height, width = max(height, _SMALLEST_SIDE), max(width, _SMALLEST_SIDE)
    if width / height > _LONGEST_RATIO:
        width = height * _CUT_RATIO
    if height / width > _LONGEST_RATIO:
        height = width * _CUT_RATIO
    return height, width


def serve_video(
    header: Header,
    target: Target,
    *,
    video_fps: float,
    video_maxlen: int,
    video_max_pixels: int,
    video_min_pixels: int,
) -> Seen:
    """What ``_regularize_videos`` (line 2278) gives the model of one video.

    Frame i of n is told to be at i x duration / n (``fps_per_video``, line 2310); for Qwen3-VL at its number
    over the file's rate (line 2296). An odd last frame is repeated (line 2312).

    Raises:
        FramewiseError: LLaMA-Factory would raise.
    """
    indices = sample_indices(header, video_fps=video_fps, video_maxlen=video_maxlen)
    seconds: tuple[float, ...] | None = None
    if target.clock == "positions":
        if header.duration_seconds is None:
            raise FramewiseError("the container does not say the stream's duration")
        seconds = tuple(i * header.duration_seconds / len(indices) for i in range(len(indices)))
    elif target.clock == "timestamps":
        seconds = tuple(index / header.fps for index in indices)
    if target.block == 0:
        return Seen(num_frames=len(indices), indices=indices, seconds=seconds)
    indices += indices[-1:] * (len(indices) % 2)
    height, width = regularised(
        header.height, header.width, max_pixels=video_max_pixels, min_pixels=video_min_pixels
    )
    height, width = whole_blocks(height, width, target.block)
    return Seen(num_frames=len(indices), indices=indices, seconds=seconds, height=height, width=width)


def _scaled(height: int, width: int, pixels: int) -> tuple[int, int]:
    factor = math.sqrt(pixels / (width * height))
    return int(height * factor), int(width * factor)
