"""The rule of qwen-vl-utils 0.0.14, which ms-swift, 2U1's trainer and our collator for TRL read videos with.

Source: QwenLM/Qwen3-VL @ 9658872, qwen-vl-utils/src/qwen_vl_utils/vision_process.py; line numbers below are
in that file.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from framewise._errors import FramewiseError
from framewise.exports._exporter import Seen
from framewise.exports._header import Header
from framewise.exports._model import Target

SPATIAL_FLOOR_TOKENS, SPATIAL_CEILING_TOKENS = 128, 768
_MARGIN, _MOST_RATIO = 1.05, 200


@dataclass(frozen=True, kw_only=True)
class Constants:
    """Module constants (lines 24-37) that ms-swift lets environment variables of the same names change."""

    frame_factor: int = 2
    fps: float = 2.0
    fps_min_frames: int = 4
    fps_max_frames: int = 768
    video_min_token_num: int = SPATIAL_FLOOR_TOKENS
    video_max_token_num: int = SPATIAL_CEILING_TOKENS
    model_seq_len: int = 128000


DEFAULTS = Constants()


def serve_video(
    header: Header, element: Mapping[str, Any], target: Target, constants: Constants = DEFAULTS
) -> Seen:
    """What ``fetch_video`` (line 403) makes of one video and its element of a message.

    Times are what the model is told: Qwen2.5-VL gets a rate, frames / range of the file, so that frame i is at
    i / rate; Qwen3-VL gets the frames' numbers and the file's rate.

    Raises:
        FramewiseError: qwen-vl-utils would raise.
    """
    first, last = frame_range(header, element.get("video_start"), element.get("video_end"))
    total = last - first + 1
    num_frames = smart_num_frames(element, total, header.fps, constants)
    indices = chosen_indices(first, last, num_frames)
    if target.clock == "positions":
        rate = num_frames / total * header.fps
        seconds = tuple(i / rate for i in range(num_frames))
    else:
        seconds = tuple(index / header.fps for index in indices)
    height, width = frame_size(header.height, header.width, num_frames, element, target.block, constants)
    return Seen(num_frames=num_frames, indices=indices, seconds=seconds, height=height, width=width)


def frame_range(header: Header, start: float | None, end: float | None) -> tuple[int, int]:
    """First and last frame of a window (``calculate_video_frame_range``, line 234); the last is included.

    Raises:
        FramewiseError: The window holds no two frames.
    """
    if start is None and end is None:
        return 0, header.num_frames - 1
    duration = header.num_frames / header.fps
    first = 0 if start is None else math.ceil(max(0.0, min(start, duration)) * header.fps)
    last = header.num_frames - 1
    if end is not None:
        last = min(last, math.floor(max(0.0, min(end, duration)) * header.fps))
    if first >= last:
        raise FramewiseError(f"the window from {start} s to {end} s holds frames {first} to {last}")
    return first, last


def smart_num_frames(
    element: Mapping[str, Any], total: int, fps: float, constants: Constants = DEFAULTS
) -> int:
    """``smart_nframes`` (line 144): the number asked for, or that of a rate, in multiples of two.

    Raises:
        FramewiseError: Both are asked for, or the number is not between 2 and the frames that there are.
    """
    factor = constants.frame_factor
    if "fps" in element and "nframes" in element:
        raise FramewiseError("the row asks for fps and nframes at once")
    if "nframes" in element:
        if element["nframes"] is None:
            raise FramewiseError("nframes is null")
        wanted = round(element["nframes"] / factor) * factor
    else:
        fewest = math.ceil(element.get("min_frames", constants.fps_min_frames) / factor) * factor
        most = element.get("max_frames", min(constants.fps_max_frames, total)) // factor * factor
        by_rate = total / fps * element.get("fps", constants.fps)
        wanted = math.floor(min(max(by_rate, fewest), most, total) / factor) * factor
    if not factor <= wanted <= total:
        raise FramewiseError(f"nframes must lie between {factor} and {total}, and is {wanted}")
    return int(wanted)


def chosen_indices(first: int, last: int, num_frames: int) -> tuple[int, ...]:
    """``torch.linspace(first, last, num_frames).round()`` (lines 317 and 366), bit for bit without torch.

    torch counts in float32, from both ends to the middle, and rounds halves to even.
    """
    start, stop = np.float32(first), np.float32(last)
    step = (stop - start) / np.float32(max(num_frames - 1, 1))
    numbers = np.arange(num_frames, dtype=np.float32)
    # In double the product is exact, so that the sum is rounded once: torch's kernel uses fused multiply-add.
    rising = (start + step.astype(np.float64) * numbers).astype(np.float32)
    falling = (stop - step.astype(np.float64) * (num_frames - 1 - numbers)).astype(np.float32)
    points = np.where(numbers < num_frames // 2, rising, falling)
    return tuple(np.rint(points).astype(int).tolist())


def frame_size(
    height: int,
    width: int,
    num_frames: int,
    element: Mapping[str, Any],
    block: int,
    constants: Constants = DEFAULTS,
) -> tuple[int, int]:
    """Height and width that a frame is resized to (lines 446-470).

    Raises:
        FramewiseError: The limits contradict each other, so that qwen-vl-utils would raise.
    """
    area = block * block
    fewest = element.get("min_pixels", constants.video_min_token_num * area)
    total = element.get("total_pixels", constants.model_seq_len * area * 0.9)
    ceiling = max(
        min(constants.video_max_token_num * area, total / num_frames * constants.frame_factor),
        int(fewest * _MARGIN),
    )
    most = min(element.get("max_pixels", ceiling), ceiling)
    return smart_resize(height, width, block, fewest, most)


def smart_resize(height: int, width: int, block: int, fewest: float, most: float) -> tuple[int, int]:
    """Sides in multiples of ``block`` with a number of pixels within the limits (line 56).

    Raises:
        FramewiseError: The limits contradict each other, or a side is more than 200 times the other.
    """
    if max(height, width) > _MOST_RATIO * min(height, width):
        raise FramewiseError(
            f"a frame of {width}x{height} pixels is too long: qwen-vl-utils takes 1:{_MOST_RATIO}"
        )
    if most < fewest:
        raise FramewiseError(f"max_pixels {most:g} is below min_pixels {fewest:g}")
    sides = [max(block, round(side / block) * block) for side in (height, width)]
    if sides[0] * sides[1] > most:
        shrink = math.sqrt(height * width / most)
        sides = [math.floor(side / shrink / block) * block for side in (height, width)]
    elif sides[0] * sides[1] < fewest:
        grow = math.sqrt(fewest / (height * width))
        sides = [math.ceil(side * grow / block) * block for side in (height, width)]
    return sides[0], sides[1]
