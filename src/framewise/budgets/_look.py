"""How allocators look at frames, and how they count what changes."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._plugins import load_plugin
from framewise.budgets._budget import Failure, Request
from framewise.clips import ClipError, Decoder, Frames, find_source, sample_clip
from framewise.records import Media


def look(request: Request, num_frames: int, size: tuple[int, int] | None = None) -> Frames:
    """Frames of a request's video, uniform over its window.

    Args:
        request: The video.
        num_frames: Most frames; clamped to what the window has.
        size: Height and width in pixels that they are scaled to; None: as stored.

    Raises:
        FramewiseError: The video cannot be read any more.
    """
    decoder: Decoder = load_plugin("decoders", "pyav")()
    frames, _ = sample_clip(
        decoder,
        find_source(request.media_root, request.media),
        num_frames,
        start_seconds=request.media.start_seconds,
        end_seconds=request.media.end_seconds,
        good_frames=request.clip.good_frames,
        size=size,
    )
    return frames


def by_media(requests: Iterable[Request]) -> list[list[Request]]:
    """Requests about one window of one video together, in an order that is not that of the requests."""
    same: dict[Media, list[Request]] = {}
    for request in sorted(requests, key=lambda request: request.key):
        same.setdefault(request.media, []).append(request)
    return list(same.values())


def failure_of(request: Request, error: FramewiseError) -> Failure:
    """A video that could not be looked at, as a row to be counted."""
    status, reason = (
        (error.status, error.reason) if isinstance(error, ClipError) else ("unreadable", str(error))
    )
    return Failure(record_id=request.record.id, media_index=request.media_index, status=status, reason=reason)


def count_changes(changes: Sequence[float] | NDArray[np.float64], threshold: float, most: int) -> float:
    """Frames that show every noticeable change once: 1 and a frame for each change of ``threshold``.

    A single step counts for one frame at most: after a cut one more frame is enough.

    Args:
        changes: Size of the change from each frame to the next, at least 0.
        threshold: Size that is worth a frame, above 0.
        most: Largest result.

    >>> count_changes([0.5, 0.5, 40.0, 0.0], threshold=1.0, most=64)
    3.0
    """
    return float(min(1.0 + np.minimum(np.asarray(changes) / threshold, 1.0).sum(), most))
