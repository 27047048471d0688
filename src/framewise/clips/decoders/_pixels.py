"""Decoded frames of FFmpeg as RGB arrays, the way a player shows them."""

from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from framewise.clips._faults import ClipError

_Matrix = tuple[int, int, int, int]
"""Signs (a, b, c, d): the stored pixel (x, y) is shown at (a x + c y, b x + d y)."""
_UPRIGHT: _Matrix = (1, 0, 0, 1)
_FIXED_POINT = 65536
_NEARLY_ZERO = 0.01


class ToRGB:
    """Converts frames of any pixel format to RGB [height, width, 3], all in the size of the first.

    Colour matrix and range are those that the frame states. The arrays are turned and mirrored as displayed.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        self._size = self._size or (frame.width, frame.height)
        rgb: Any = self._reformatter.reformat(frame, *self._size, format="rgb24", threads=1).to_ndarray()
        a, b, c, d = _display_matrix(frame)
        pixels: NDArray[np.uint8] = rgb[::d, ::a] if a else rgb.swapaxes(0, 1)[::b, ::c]
        return pixels


def displayed_size(frame: VideoFrame) -> tuple[int, int]:
    """Height and width in pixels, as displayed.

    Raises:
        ClipError: The picture has no pixels, or is turned by an odd angle.
    """
    if frame.width == 0 or frame.height == 0:
        raise ClipError("zero_sized", f"the picture has {frame.width} x {frame.height} pixels")
    keeps_axes = _display_matrix(frame)[0] != 0
    return (frame.height, frame.width) if keeps_axes else (frame.width, frame.height)


def _display_matrix(frame: VideoFrame) -> _Matrix:
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return _UPRIGHT
    scaled = np.frombuffer(data, np.int32)[[0, 1, 3, 4]] / _FIXED_POINT
    a, b, c, d = (int(v) for v in np.sign(np.where(np.abs(scaled) < _NEARLY_ZERO, 0.0, scaled)))
    if [a != 0, b != 0, c != 0, d != 0] not in ([True, False, False, True], [False, True, True, False]):
        raise ClipError("unreadable", "the picture is turned by an angle that is no multiple of 90 degrees")
    return a, b, c, d
