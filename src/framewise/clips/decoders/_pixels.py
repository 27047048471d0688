"""Decoded frames of FFmpeg as RGB arrays, the way a player shows them."""

from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from framewise.clips._faults import ClipError

_Matrix = tuple[int, int, int, int]
"""Signs (a, b, c, d): the stored pixel (x, y) is shown at (a x + c y, b x + d y)."""
_UPRIGHT: _Matrix = (1, 0, 0, 1)
_HALF_COLOURS = ("yuv420p", "yuvj420p", "nv12", "yuv422p", "yuvj422p")
"""Pixel formats with half the colours in a row, as nearly all videos have."""
_FIXED_POINT = 65536
_NEARLY_ZERO = 0.01


class ToRGB:
    """Converts frames of any pixel format to RGB [height, width, 3], all of one size.

    Colour matrix and range are those that the frame states. The arrays are turned and mirrored as displayed.
    Scaling is swscale's bicubic filter, which widens as it shrinks. It leaves planes, and RGB is made of the
    result: two short ways through swscale where the direct one is long, and less exact in its colours.

    Args:
        size: Height and width as displayed; None: those of the first frame.
    """

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        self._size = size
        self._stored: tuple[int, int] | None = None
        self._scale, self._pack = VideoReformatter(), VideoReformatter()

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The frame as an array that is valid until the next call."""
        matrix = _display_matrix(frame)
        if self._stored is None:
            height, width = self._size or displayed_size(frame)
            self._stored = (height, width) if matrix[0] else (width, height)
        a, b, c, d = matrix
        rgb = self._packed(frame, *self._stored)
        pixels: NDArray[np.uint8] = rgb[::d, ::a] if a else rgb.swapaxes(0, 1)[::b, ::c]
        return pixels

    def _packed(self, frame: VideoFrame, height: int, width: int) -> Any:
        if (frame.height, frame.width) != (height, width):
            # Half the colours of a row are all that the file has, unless the row becomes shorter: then whole ones
            # can be had, and swscale's way to packed RGB would throw half of them away.
            halves = frame.format.name in _HALF_COLOURS and width >= frame.width
            planar = "yuv422p" if halves else "gbrp"
            frame = self._scale.reformat(
                frame, width, height, format=planar, interpolation=Interpolation.BICUBIC, threads=1
            )
        plane = self._pack.reformat(frame, width, height, format="rgb24", threads=1).planes[0]
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return lines[:height, : width * 3].reshape(height, width, 3)


def displayed_size(frame: VideoFrame) -> tuple[int, int]:
    """Height and width in pixels, as displayed.

    Raises:
        ClipError: The picture has no pixels, or is turned by an odd angle.
    """
    if frame.width == 0 or frame.height == 0:
        raise ClipError("zero_sized", f"the picture has {frame.width} x {frame.height} pixels")
    keeps_axes = _display_matrix(frame)[0] != 0
    return (frame.height, frame.width) if keeps_axes else (frame.width, frame.height)


def is_mirrored(frame: VideoFrame) -> bool:
    """Whether the picture is shown mirrored, which no turning can do."""
    a, b, c, d = _display_matrix(frame)
    return a * d - b * c < 0


def _display_matrix(frame: VideoFrame) -> _Matrix:
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return _UPRIGHT
    scaled = np.frombuffer(data, np.int32)[[0, 1, 3, 4]] / _FIXED_POINT
    a, b, c, d = (int(v) for v in np.sign(np.where(np.abs(scaled) < _NEARLY_ZERO, 0.0, scaled)))
    if [a != 0, b != 0, c != 0, d != 0] not in ([True, False, False, True], [False, True, True, False]):
        raise ClipError("unreadable", "the picture is turned by an angle that is no multiple of 90 degrees")
    return a, b, c, d
