"""The rules of transformers' own video processors and of its time positions.

Sources, at transformers 5.23.0: models/qwen3_vl/video_processing_qwen3_vl.py (``sample_frames``,
``smart_resize``), models/qwen2_vl/video_processing_qwen2_vl.py (``do_sample_frames = False``: every frame of
the file is used), models/qwen2_5_vl/modeling_qwen2_5_vl.py (``get_rope_index``, ``get_vision_position_ids``).
"""

import math
from collections.abc import Callable

import numpy as np

from framewise.exports._exporter import Seen
from framewise.exports._header import Header

TOKENS_PER_SECOND = 2
"""Of the released Qwen2.5-VL checkpoints."""
WHOLE_SECONDS_BEFORE = "5.18"
"""First transformers without ``int(second_per_grid_ts)`` in ``get_rope_index``; 4.57, 5.5 to 5.17 have it."""


def all_frames(header: Header, size: tuple[int, int]) -> Seen:
    """Qwen2.5-VL: no sampling; frame i is at i / the file's rate (``VideoMetadata.sampled_fps``)."""
    return _seen(header, tuple(range(header.num_frames)), size)


def frames_at_rate(
    header: Header, size: tuple[int, int], *, fps: float, min_frames: int, max_frames: int
) -> Seen:
    """Qwen3-VL: so many frames a second within limits, linear from the first frame to the last."""
    total = header.num_frames
    wanted = min(max(int(total / header.fps * fps), min_frames), max_frames, total)
    indices = np.linspace(0, total - 1, wanted).round().astype(int)
    return _seen(header, tuple(indices.tolist()), size)


def resized(
    height: int, width: int, block: int, *, num_frames: int, min_pixels: float, max_pixels: float
) -> tuple[int, int]:
    """``smart_resize``: sides in multiples of ``block`` with the pixels of ``num_frames`` within the limits.

    Qwen3-VL counts the pixels of all frames together; Qwen2.5-VL those of one, which is ``num_frames=1``.
    """
    rounded = [max(1, round(side / block)) * block for side in (height, width)]
    frames = max(1, round(num_frames / 2) * 2) if num_frames > 1 else 1
    if frames * rounded[0] * rounded[1] > max_pixels:
        shrink = math.sqrt(num_frames * height * width / max_pixels)
        return _blocks(height / shrink, block, math.floor), _blocks(width / shrink, block, math.floor)
    if frames * rounded[0] * rounded[1] < min_pixels:
        grow = math.sqrt(min_pixels / (num_frames * height * width))
        return _blocks(height * grow, block, math.ceil), _blocks(width * grow, block, math.ceil)
    return rounded[0], rounded[1]


def whole_blocks(height: int, width: int, block: int) -> tuple[int, int]:
    """Sides rounded to blocks, where no limit of pixels bears on them."""
    return resized(height, width, block, num_frames=1, min_pixels=0, max_pixels=math.inf)


def time_positions(num_frames: int, duration_seconds: float, *, whole_seconds: bool) -> list[int]:
    """Time position of each group of two frames of Qwen2.5-VL, from 0 on.

    Args:
        num_frames: Frames of the clip.
        duration_seconds: Of the clip.
        whole_seconds: Whether the seconds of a group are cut to a whole number, as before 5.18.

    >>> time_positions(8, 5.0, whole_seconds=False), time_positions(8, 5.0, whole_seconds=True)
    ([0, 2, 5, 7], [0, 2, 4, 6])
    """
    seconds = 2 * duration_seconds / num_frames
    interval = TOKENS_PER_SECOND * (int(seconds) if whole_seconds else seconds)
    return [int(group * interval) for group in range(math.ceil(num_frames / 2))]


def _blocks(side: float, block: int, rounding: Callable[[float], int]) -> int:
    return max(block, rounding(side / block) * block)


def _seen(header: Header, indices: tuple[int, ...], size: tuple[int, int]) -> Seen:
    return Seen(
        num_frames=len(indices),
        indices=indices,
        seconds=tuple(index / header.fps for index in indices),
        height=size[0],
        width=size[1],
    )
