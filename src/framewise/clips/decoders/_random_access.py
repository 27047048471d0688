"""Chosen frames of a video, decoding no more than they need.

Decoding begins at the key frame before a frame, goes on while the next frame lies before the next key frame,
and seeks otherwise. H.264 pictures that no other refers to are not decoded unless chosen; the others come out
the same to the last bit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import av
from av.packet import Packet
from av.video.frame import VideoFrame

from framewise.clips.decoders._container import Video
from framewise.clips.decoders._sequential import read_packets
from framewise.clips.decoders._timeline import Timeline

_AT_ONCE = 32
"""Packets that are read before they are decoded: a decoder pushes all else out of the caches, and reading packets one
by one between its pictures takes five times as long."""


class UntruthfulIndexError(Exception):
    """The container's index or its key frames are not what they say: decode from the start instead."""


@dataclass
class _Run:
    """Packets from a key frame to the last one that is needed."""

    start: int
    last: int
    times: set[int] = field(default_factory=set)
    """Times of the chosen frames in it."""


def read_chosen(video: Video, timeline: Timeline, indices: Sequence[int]) -> Iterator[tuple[int, VideoFrame]]:
    """Frames with their indices, each once, in the order in which they come out.

    Args:
        video: At any place in the file.
        timeline: Its packets.
        indices: Frames in presentation order, strictly increasing.

    Raises:
        UntruthfulIndexError: The frames cannot be reached in this way.
    """
    index_of = {int(timeline.shown[index]): index for index in indices}
    try:
        for run in _plan(timeline, list(index_of)):
            left = set(run.times)
            for frame in _decode(video, timeline, run):
                if frame.pts in left:
                    left.remove(frame.pts)
                    yield index_of[frame.pts], frame
            if left:
                raise UntruthfulIndexError
    except (av.FFmpegError, OSError) as error:
        raise UntruthfulIndexError from error


def _plan(timeline: Timeline, times: Sequence[int]) -> list[_Run]:
    runs: list[_Run] = []
    for time in times:
        packet = timeline.packet_of(time)
        start = timeline.start_of(packet)
        if not runs or not runs[-1].start <= start <= runs[-1].last:
            runs.append(_Run(start, packet))
        runs[-1].last = max(runs[-1].last, packet)
        runs[-1].times.add(time)
    return runs


def _decode(video: Video, timeline: Timeline, run: _Run) -> Iterator[VideoFrame]:
    """Frames of a run.

    Raises:
        UntruthfulIndexError: The first is not the key frame, or one is damaged.
    """
    key_time = int(timeline.times[run.start])
    is_first = key_time >= timeline.shown[0]
    for frame in _decode_unchecked(video, timeline, run):
        if frame.is_corrupt or (is_first and not (frame.key_frame and frame.pts == key_time)):
            raise UntruthfulIndexError
        is_first = False
        yield frame


def _decode_unchecked(video: Video, timeline: Timeline, run: _Run) -> Iterator[VideoFrame]:
    can_skip = video.codec.name == "h264"
    packets = islice(_read_from(video, timeline, run.start), run.last + 1 - run.start)
    while some := list(islice(packets, _AT_ONCE)):
        for packet in some:
            if can_skip:
                video.codec.skip_frame = "DEFAULT" if packet.pts in run.times else "NONREF"
            yield from video.codec.decode(packet)
    yield from video.codec.decode(None)


def _read_from(video: Video, timeline: Timeline, start: int) -> "Iterator[Packet[Any]]":
    """Packets from ``start`` on.

    Raises:
        UntruthfulIndexError: Seeking leads past it, or other packets are there than at first.
    """
    video.container.seek(int(timeline.times[start]), stream=video.stream)
    row: int | None = None
    for packet in read_packets(video):
        row = timeline.find(packet.pts, packet.pos or -1) if row is None else row + 1
        if row is None or (row > start and row == len(timeline.times)) or timeline.times[row] != packet.pts:
            raise UntruthfulIndexError
        if row >= start:
            yield packet
