"""All frames of a video, one after the other: what is true, and what every faster way must agree with."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import av
from av.packet import Packet
from av.video.frame import VideoFrame

from framewise.clips._faults import ClipError
from framewise.clips.decoders._container import Video


@dataclass(frozen=True)
class Shown:
    """A frame that is on screen for some time."""

    seconds: float
    """From the first frame."""
    frame: VideoFrame


def read_packets(video: Video) -> "Iterator[Packet[Any]]":
    """The packets of the video stream in decode order, without the empty ones of avi files, which show nothing."""
    return (packet for packet in video.container.demux(video.stream) if packet.size)


def read_frames(video: Video) -> Iterator[Shown]:
    """Frames in presentation order, decoded from the start.

    Frames that begin at the same time as the frame before are never on screen and are left out.

    Raises:
        ClipError: Decoding stops before the end, or a frame has no usable time.
    """
    num_good, origin, latest = 0, 0, -1
    for time, frame in _timed(video):
        if time is None:
            raise ClipError("unreadable", f"frame {num_good} has no time: copy the stream into an mp4 file")
        origin = origin if num_good else time
        if frame.is_corrupt:
            raise ClipError("truncated", f"the data are damaged after {num_good} good frames")
        if time - origin < latest:
            raise ClipError("unreadable", f"the times run backwards after {num_good} good frames")
        if time - origin > latest:
            latest = time - origin
            num_good += 1
            yield Shown(float(latest * video.time_base), frame)
    check_whole(video, num_good)


def check_whole(video: Video, num_good: int) -> None:
    """FFmpeg ends without an error where a file was cut between two packets; the index tells.

    Raises:
        ClipError: The file ends before its last frame, or has none.
    """
    size = video.path.stat().st_size
    if any(entry.pos + entry.size > size for entry in video.stream.index_entries):
        raise ClipError("truncated", f"the file ends after {num_good} good frames")
    if num_good == 0:
        raise ClipError("empty", "the video stream has no frames")


def _timed(video: Video) -> Iterator[tuple[int | None, VideoFrame]]:
    """Frames with their times; in a file of slots the k-th frame that is shown has the k-th slot."""
    slots: list[int | None] = []
    for num_good, frame in enumerate(_decoded(video, slots)):
        if num_good == len(slots):
            raise ClipError("unreadable", f"there are more frames than the {num_good} packets that hold them")
        yield (slots[num_good] if video.has_slots else frame.pts), frame


def _decoded(video: Video, slots: list[int | None]) -> Iterator[VideoFrame]:
    num_good = 0
    try:
        for packet in chain(read_packets(video), [None]):
            if packet is not None:
                slots.append(packet.dts)
            for frame in video.codec.decode(packet):
                yield frame
                num_good += 1
    except (av.FFmpegError, OSError) as error:
        if num_good == 0 and not (video.codec.width and video.codec.height):
            raise ClipError("zero_sized", "the header gives the picture no pixels, or too many") from error
        if num_good == 0:
            raise ClipError("unreadable", f"no frame decodes: {error.strerror}") from error
        raise ClipError(
            "truncated", f"decoding stops after {num_good} good frames: {error.strerror}"
        ) from error
