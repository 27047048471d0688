"""When each frame of a video is shown, from its packets alone wherever they tell it; nothing is decoded for that.

Demuxing gives the time of every frame before any is decoded, but for
- avi files whose codec changes the order of frames (see ``Video.has_slots``), and packets without a time;
- interlaced H.264, where a packet may hold one field of a frame;
- files that were cut so that they begin with frames which refer to missing ones, and are not shown.
Those are decoded, once for their times and again for their frames.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import av
import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

from framewise.clips._faults import ClipError
from framewise.clips.decoders._container import Video
from framewise.clips.decoders._sequential import check_whole, read_packets

_PROGRESSIVE = (0, 1)
"""FFmpeg's field orders "unknown", which is that of most codecs, and "progressive"."""
_VP8_SHOWN = 0x10
"""The bit of a VP8 frame's first byte that says whether the frame is shown (RFC 6386, 9.1)."""


@dataclass(frozen=True)
class Timeline:
    """What the packets of a video tell, in decode order. Times are in units of the stream's time base."""

    times: NDArray[np.int64]
    """Presentation time of each packet's frame, shape [packets]."""
    is_key: NDArray[np.bool_]
    """Whether decoding can begin at the packet, shape [packets]."""
    places: NDArray[np.int64]
    """Byte of the file at which the packet lies, or -1, shape [packets]."""
    shown: NDArray[np.int64]
    """Times of the frames that are shown, strictly increasing, shape [frames]."""
    seconds: NDArray[np.float64]
    """The same in seconds from the first, shape [frames]."""
    fault: ClipError | None
    """Why there are not more packets, where there should be."""

    @cached_property
    def _first_packets(self) -> dict[int, int]:
        return {int(time): row for row, time in reversed(list(enumerate(self.times)))}

    def packet_of(self, time: int) -> int:
        """The first packet whose frame has this time."""
        return self._first_packets[time]

    def start_of(self, packet: int) -> int:
        """The packet at which decoding must begin for the frame of ``packet``.

        Frames that precede a key frame on the screen but follow it in the file refer to frames before it.
        """
        keys = np.flatnonzero(self.is_key[: packet + 1] & (self.times[: packet + 1] <= self.times[packet]))
        return int(keys[-1]) if len(keys) else 0

    def find(self, time: int | None, place: int) -> int | None:
        """The packet at this place with this time."""
        if time is None:
            return None
        found = np.flatnonzero((self.times == time) & (self.places == place))
        return int(found[0]) if len(found) else None


def read_timeline(video: Video) -> Timeline | None:
    """What the packets tell, or None where they do not tell the frames.

    Raises:
        ClipError: The file is damaged before its first frame, or has none.
    """
    rows: list[tuple[int | None, bool, bool, int]] = []
    fault = _read_rows(video, rows)
    if video.has_slots or any(row[0] is None for row in rows):
        return None
    if video.codec.name == "h264" and video.codec.field_order not in _PROGRESSIVE:
        return None
    if not rows:
        raise fault or ClipError("empty", "the video stream has no frames")
    times, is_key, is_shown, places = (np.array(column) for column in zip(*rows, strict=True))
    shown = np.unique(times[is_shown])
    if len(shown) == 0:
        raise ClipError("empty", "the video stream has no frames that are shown")
    if not is_key[0] or shown[0] < times[0]:
        return None
    seconds = (shown - shown[0]) * video.time_base.numerator / video.time_base.denominator
    return Timeline(times, is_key, places, shown, seconds, fault)


def _read_rows(video: Video, rows: list[tuple[int | None, bool, bool, int]]) -> ClipError | None:
    """Time, key, shown and place of all good packets; why there are not more."""
    is_vp8 = video.codec.name == "vp8"
    try:
        for packet in read_packets(video):
            if packet.is_corrupt:
                return ClipError("truncated", f"the data are damaged after {len(rows)} good frames")
            is_shown = not packet.is_discard and not (is_vp8 and _is_hidden(packet))
            rows.append((packet.pts, packet.is_keyframe, is_shown, packet.pos or -1))
        check_whole(video, len(rows))
    except (av.FFmpegError, OSError) as error:
        return ClipError("truncated", f"reading stops after {len(rows)} good frames: {error.strerror}")
    except ClipError as fault:
        return fault
    return None


def _is_hidden(packet: "Packet[Any]") -> bool:
    return not memoryview(packet)[0] & _VP8_SHOWN
