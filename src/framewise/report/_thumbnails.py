"""Frames as small pictures inside the page."""

import base64
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

_LONGEST_SIDE = 96
_QUALITY = "60"


def picture_uri(pixels: NDArray[np.uint8]) -> str:
    """A frame as a WebP data URI of at most 96 pixels a side, about 1 kB.

    Args:
        pixels: RGB, shape [height, width, 3].
    """
    height, width = _shrunk(*pixels.shape[:2])
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    encoder = av.CodecContext.create("libwebp", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 1)
    encoder.options = {"quality": _QUALITY}
    small = frame.reformat(width=width, height=height, format="yuv420p")
    small.pts = 0
    data = b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def _shrunk(height: int, width: int) -> tuple[int, int]:
    """The size within the longest side; even, as half-resolution colour needs."""
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    return max(2, round(height * scale / 2) * 2), max(2, round(width * scale / 2) * 2)
