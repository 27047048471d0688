"""What the header of a video file says, which is all that trainers look at before they choose frames."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from framewise._errors import FramewiseError

_OPTIONS = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg",
    "protocol_whitelist": "file",
}
_MOST_UNEVEN = 0.1
"""Of an interval: how far frames of a constant rate may lie off it, by rounding to a coarse time base."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first video stream of a file."""

    stated_frames: int
    """What the header claims; 0 where the container says nothing, as webm and mkv."""
    num_frames: int
    """Packets of the stream."""
    fps: float
    """FFmpeg's average rate."""
    duration_seconds: float | None
    """The stream's own; None where the container says nothing."""
    height: int
    width: int
    constant_rate: bool
    """Whether all frames last equally long."""


def read_header(path: Path) -> Header:
    """Open a video without decoding it.

    Raises:
        FramewiseError: The file is missing or holds no video with a frame rate.
    """
    try:
        stat = path.stat()
        return _cached(path, stat.st_size, stat.st_mtime_ns)
    except (av.FFmpegError, OSError) as error:
        raise FramewiseError(f"{path} does not open as a video: {error.strerror}") from error


@lru_cache(maxsize=4096)
def _cached(path: Path, size: int, mtime_ns: int) -> Header:
    """The last two arguments say whether the file is still the same."""
    del size, mtime_ns
    with av.open(str(path), options=_OPTIONS) as container:
        return _read(container, path)


def _read(container: av.container.InputContainer, path: Path) -> Header:
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams or not streams[0].average_rate or streams[0].time_base is None:
        raise FramewiseError(f"{path} holds no video with a frame rate")
    stream, time_base = streams[0], float(streams[0].time_base)
    starts = [entry.timestamp for entry in stream.index_entries]
    if not stream.frames or len(starts) != stream.frames:
        # mkv and webm keep no list of frames; the packets are read but not decoded.
        starts = sorted(p.pts for p in container.demux(stream) if p.pts is not None)
    return Header(
        stated_frames=stream.frames,
        num_frames=len(starts),
        fps=float(streams[0].average_rate),
        duration_seconds=None if stream.duration is None else stream.duration * time_base,
        height=stream.height,
        width=stream.width,
        constant_rate=_is_even(starts, time_base),
    )


def _is_even(starts: list[int], time_base: float) -> bool:
    """Whether the frames begin at equal intervals, to the rounding of the time base."""
    if len(starts) < 3:
        return True
    gaps = np.diff(np.asarray(starts, np.float64)) * time_base
    return bool(np.abs(gaps - gaps.mean()).max() <= max(_MOST_UNEVEN * gaps.mean(), 1.001 * time_base))
