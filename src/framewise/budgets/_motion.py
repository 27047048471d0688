"""Sizes of the changes from frame to frame, without a neural network."""

import math
from typing import Any

import numpy as np
from av.codec.context import Flags2
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from framewise.budgets._budget import Request
from framewise.budgets._look import look
from framewise.clips import ClipError, ImageSequence, find_source
from framewise.clips.decoders._container import Video, opened
from framewise.clips.decoders._sequential import read_frames

Vector = NDArray[np.float64]

_LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in brightness, ITU-R BT.601."""
_EXPORTS_VECTORS = ("h264", "mpeg4", "mpeg2video", "mpeg1video", "h263", "flv1")
"""Codecs whose decoders in FFmpeg give their motion vectors."""


def brightness_changes(request: Request, num_frames: int, side: int) -> Vector:
    """Mean absolute difference of brightness between neighbours of uniform frames.

    Args:
        request: The video.
        num_frames: Frames to look at, M at most.
        side: Height and width in pixels to which each is shrunk.

    Returns:
        Shape [M - 1], from 0 to 1.

    Raises:
        FramewiseError: The video cannot be read any more.
    """
    pixels = look(request, num_frames, (side, side)).pixels
    brightness = pixels @ _LUMA / 255  # [M, side, side]
    changes: Vector = np.abs(np.diff(brightness, axis=0)).mean((1, 2))
    return changes


def vector_changes(request: Request) -> Vector:
    """Mean length of the codec's motion vectors in each frame of the window, as a part of the diagonal.

    Blocks without a vector do not move. A vector that points k frames away counts for its kth part.

    Returns:
        Shape [frames that have vectors], at least 0.

    Raises:
        ClipError: The codec has no vectors, or the video cannot be read any more.
    """
    source = find_source(request.media_root, request.media)
    if request.clip.codec not in _EXPORTS_VECTORS or isinstance(source, ImageSequence):
        raise ClipError(
            "unsupported_codec",
            f"FFmpeg gives no motion vectors of {request.clip.codec or 'images'}: use measure=differences",
        )
    with opened(source) as video:
        changes = _read_vectors(video, request)
    if not changes:
        raise ClipError("unsupported_codec", "every frame is a key frame: use measure=differences")
    return np.array(changes)


def _read_vectors(video: Video, request: Request) -> list[float]:
    start, end = request.media.start_seconds or 0.0, request.media.end_seconds or math.inf
    video.codec.flags2 |= Flags2.export_mvs
    changes = []
    for number, shown in enumerate(read_frames(video)):
        if shown.seconds >= end or number == request.clip.good_frames:
            break
        if shown.seconds >= start and shown.frame.pict_type != PictureType.I:
            changes.append(_mean_length(shown.frame))
    return changes


def _mean_length(frame: VideoFrame) -> float:
    vectors: Any = frame.side_data.get("MOTION_VECTORS")
    if vectors is None:
        return 0.0
    found = vectors.to_ndarray()
    lengths = np.hypot(found["motion_x"], found["motion_y"]) / found["motion_scale"] / np.abs(found["source"])
    areas = found["w"].astype(np.float64) * found["h"]
    moved = float((lengths * areas).sum()) / (frame.width * frame.height)
    return moved / math.hypot(frame.width, frame.height)
