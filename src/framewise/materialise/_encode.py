"""Frames into a small all-intra mp4 file at a constant rate, near-lossless and exact in time."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

ENCODER = {
    "codec": "libx264",
    "pixel_format": "yuv420p",
    "crf": "12",
    "preset": "ultrafast",
    "color": "bt601 limited, chroma by area",
    "container": "mp4, faststart",
}
"""What a file is made with; part of its name's digest, and of the run's settings."""
_MOST_TICKS = 1 << 30
"""Of a whole clip: players count them in 31 bits, and FFmpeg doubles a time scale below 10000."""
_FINEST_TIME_SCALE = 2_000_000
_SMPTE170M, _LIMITED = 6, 1
_SCALING = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


def frame_interval(duration_seconds: float, num_frames: int) -> Fraction:
    """Seconds from one stored frame to the next: duration / frames as a ratio that an mp4 time base holds.

    Exact where the duration is a whole number of frames at a usual rate and at most 500 s; else off by at
    most half a tick of the time base, which is 0.25 microseconds up to 9 minutes and 1.7 at an hour.

    Args:
        duration_seconds: Time that the clip stands for, above 0.
        num_frames: m, at least 1.

    >>> frame_interval(10.01, 16)
    Fraction(1001, 1600)
    """
    time_scale = min(_FINEST_TIME_SCALE, int(_MOST_TICKS / max(duration_seconds, 1.0)))
    interval = (Fraction(duration_seconds) / num_frames).limit_denominator(time_scale)
    return max(interval, Fraction(1, time_scale))


def encode(path: Path, pictures: Sequence[NDArray[np.uint8]], interval: Fraction) -> None:
    """Write a video; picture i begins at i * interval and the last is shown for an interval too.

    Every packet is a key frame. Colours are BT.601, limited range, and say so: that is what readers that
    ignore the tags assume.

    Args:
        path: The file, which is written in place.
        pictures: RGB [height, width, 3], all of one size with even sides.
        interval: Seconds between pictures; see ``frame_interval``.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream: Any = container.add_stream(ENCODER["codec"], rate=1 / interval)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = ENCODER["pixel_format"]
        stream.time_base = stream.codec_context.time_base = interval
        stream.codec_context.thread_count = 1
        stream.codec_context.colorspace, stream.codec_context.color_range = _SMPTE170M, _LIMITED
        stream.options = {"crf": ENCODER["crf"], "preset": ENCODER["preset"], "g": "1", "bf": "0"}
        for number, picture in enumerate(pictures):
            container.mux(stream.encode(_frame(picture, number, interval)))
        container.mux(stream.encode())


def _frame(picture: NDArray[np.uint8], number: int, interval: Fraction) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame: av.VideoFrame = rgb.reformat(
        format=ENCODER["pixel_format"],
        interpolation=_SCALING,
        dst_colorspace=Colorspace.ITU601,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )
    frame.pts, frame.duration, frame.time_base = number, 1, interval
    return frame
