"""Which frames of a video a model gets. Pure arithmetic on frame times; nothing is decoded here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError

_ROUNDING_SECONDS = 1.001e-3
"""Most that times rounded to milliseconds (as in webm) lie off the exact grid of a constant rate."""
_TOLERANCE_SECONDS = 1e-6
"""A moment this close before a frame's time counts as that frame's: times are floats."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The frames that were chosen, and what was asked for."""

    indices: NDArray[np.int64]
    """Presentation order, 0-based, strictly increasing, shape [frames]."""
    times_seconds: NDArray[np.float64]
    """Times of these frames from the start of the clip, shape [frames]."""
    requested: int
    """Frames that were asked for."""
    clamped: bool
    """Whether there are fewer than requested: the window has no more, or they were rounded down."""
    span_seconds: float
    """Time that was split into segments: the clip's, or that of the window in it; 0 for a clip of one frame."""

    def __len__(self) -> int:
        return len(self.indices)


def sample(
    times_seconds: NDArray[np.float64],
    num_frames: int,
    *,
    multiple_of: int = 1,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    place: float = 0.5,
) -> Sample:
    """The frame sampling operator of the paper (section 5.1): m frames, uniform over the clip's duration.

    The duration, or the window in it, is split into m equal segments; of each the frame is taken that is on
    screen at the segment's middle. At a constant rate, N frames and no window that is frame floor((i + 0.5)
    N / m) for segment i, and all frames for m = N. Where a frame is on screen for several middles (a
    variable rate), the later segments take the next frames, so that the indices always increase and m
    frames are given wherever the window has m. The last frame counts as shown for the mean interval between
    frames.

    Args:
        times_seconds: Times of all frames from the first, strictly increasing, shape [N].
        num_frames: m, at least 1; clamped to the frames that the window has.
        multiple_of: Frames that make one temporal patch: m is rounded down to a multiple of it, unless
            fewer frames are asked for or there.
        start_seconds: Start of the window; None: 0.
        end_seconds: End (exclusive) of the window; None or beyond the clip: the clip's end.
        place: Where in each segment its frame is taken, from 0 (its start) to below 1; 0.5 is its middle.

    Raises:
        ValueError: There are no frames, a number is below 1, or ``place`` lies outside a segment.
        FramewiseError: The window is empty or holds nothing of the clip.
    """
    if len(times_seconds) == 0 or num_frames < 1 or multiple_of < 1:
        raise ValueError(
            f"cannot sample {num_frames} of {len(times_seconds)} frames in multiples of {multiple_of}: "
            "each must be at least 1"
        )
    if not 0.0 <= place < 1.0:
        raise ValueError(f"place must be from 0 to below 1, got {place}")
    times = _unrounded(times_seconds)
    start, end = _window(times, start_seconds, end_seconds)
    first, last = _on_screen(times, np.array([start, end - 2 * _TOLERANCE_SECONDS]))
    last = max(first, last)
    wanted = min(num_frames, int(last - first + 1))
    if wanted >= multiple_of:
        wanted -= wanted % multiple_of
    moments = start + (np.arange(wanted) + place) * (end - start) / wanted
    shown = np.clip(_on_screen(times, moments), first, last)
    indices = _strictly_increasing(shown, int(last))
    return Sample(
        indices=indices,
        times_seconds=times_seconds[indices],
        requested=num_frames,
        clamped=wanted < num_frames,
        span_seconds=end - start,
    )


def _unrounded(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The exact grid that ``times`` are a rounded form of, else ``times``.

    Without this, middles that fall on frame boundaries would pick frames 1, 2, 5, 6, ... for 1, 3, 5, 7, ...
    """
    if len(times) < 2:
        return times
    interval = times[-1] / (len(times) - 1)
    grid = np.arange(len(times)) * interval
    return grid if np.abs(times - grid).max() <= min(_ROUNDING_SECONDS, interval / 4) else times


def _window(times: NDArray[np.float64], start: float | None, end: float | None) -> tuple[float, float]:
    """Start and end in the clip; both 0 for a single frame, which is shown whatever the window."""
    mean_interval = times[-1] / (len(times) - 1) if len(times) > 1 else 0.0
    duration = float(times[-1] + mean_interval)
    begin = start or 0.0
    until = duration if end is None else min(end, duration)
    if len(times) == 1:
        return 0.0, 0.0
    if not 0.0 <= begin < until:
        raise FramewiseError(
            f"the window from {begin:g} s to {'the end' if end is None else f'{end:g} s'} "
            f"holds nothing of a clip of {duration:g} s"
        )
    return begin, until


def _on_screen(times: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of the last frame that begins at or before each moment."""
    found = np.searchsorted(times, moments + _TOLERANCE_SECONDS, side="right") - 1
    return np.maximum(found, 0).astype(np.int64)


def _strictly_increasing(shown: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    """Strictly increasing indices from ``shown`` on, held back where the frames up to ``last`` run out.

    max(shown_i, index_{i-1} + 1) is a running maximum of shown_i - i; and m - 1 - i frames must be left after
    index i.
    """
    steps = np.arange(len(shown))
    pushed = np.maximum.accumulate(shown - steps) + steps
    return np.minimum(pushed, last - len(shown) + 1 + steps)
