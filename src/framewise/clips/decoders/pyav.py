"""Decoder ``pyav``: FFmpeg through PyAV, on one thread."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from framewise.clips._clip import Clip, Decoder, Frames, check_indices
from framewise.clips._faults import ClipError
from framewise.clips.decoders._container import Video, opened
from framewise.clips.decoders._pixels import ToRGB, displayed_size
from framewise.clips.decoders._random_access import UntruthfulIndexError, read_chosen
from framewise.clips.decoders._sequential import Shown, read_frames
from framewise.clips.decoders._timeline import Timeline, read_timeline


class PyAV(Decoder):
    """FFmpeg's own decoders; pixels are as displayed (turned by the display matrix, pixels taken as square).

    Frames that begin at the same time as the frame before are never on screen and are not counted.
    """

    def probe(self, path: Path) -> Clip:
        """Decode the whole file; see ``Decoder.probe``."""
        try:
            return _probe(path)
        except ClipError as fault:
            return Clip(path=path.as_posix(), status=fault.status, reason=fault.reason)

    @contextmanager
    def open(self, path: Path) -> Iterator["PyAVClip"]:
        """Open a file; see ``Decoder.open``."""
        with opened(path) as video:
            yield PyAVClip(video)


class PyAVClip:
    """An open file; see ``OpenClip``."""

    def __init__(self, video: Video) -> None:
        self.video = video

    @cached_property
    def timeline(self) -> Timeline | None:
        """When its frames are shown; None where only decoding can tell."""
        return read_timeline(self.video)

    def frame_times(self, num_frames: int | None = None) -> NDArray[np.float64]:
        """Times of the frames; see ``OpenClip.frame_times``.

        Raises:
            ClipError: The file is not whole, or has fewer frames than asked for.
        """
        if self.timeline is None:
            with opened(self.video.path) as video:
                times = np.array([shown.seconds for shown in islice(read_frames(video), num_frames)])
        else:
            times = self.timeline.seconds[:num_frames]
            if num_frames is None and self.timeline.fault:
                raise self.timeline.fault
        if num_frames is not None and len(times) < num_frames:
            raise ClipError("truncated", f"the file has {len(times)} frames, {num_frames} are asked for")
        return times

    def decode(self, indices: Sequence[int], *, size: tuple[int, int] | None = None) -> Frames:
        """Frames by index; see ``OpenClip.decode``.

        Raises:
            ValueError: The indices are not strictly increasing, or there are none.
            IndexError: An index lies outside the clip.
            ClipError: A frame cannot be decoded.
        """
        wanted = check_indices(indices)
        timeline = self.timeline
        if timeline is not None:
            if wanted[-1] >= len(timeline.shown):
                raise outside(wanted[-1], len(timeline.shown))
            try:
                frames = read_chosen(self.video, timeline, wanted)
                return _collect(wanted, ((i, timeline.seconds[i], frame) for i, frame in frames), size)
            except UntruthfulIndexError:
                pass
        with opened(self.video.path) as video:
            return _collect(wanted, _in_order(read_frames(video), wanted, timeline), size)


def _probe(path: Path) -> Clip:
    with opened(path) as video:
        num_frames, last, fault = 0, None, None
        try:
            for shown in read_frames(video):
                if num_frames == 0:
                    height, width = displayed_size(shown.frame)
                num_frames, last = num_frames + 1, shown
        except ClipError as error:
            if error.status != "truncated" or num_frames == 0:
                raise
            fault = error
        assert last is not None, "read_frames raises where there are none"
        duration = last.seconds + _last_interval(video, last, num_frames)
        codec, claimed = video.codec.codec.canonical_name, video.stream.frames
        # In other containers FFmpeg gives the stream the duration of the file, sound and late start included.
        own = video.stream.duration if video.container.format.name.startswith(("avi", "mov")) else None
        claimed_seconds = float((own or 0) * video.time_base)
    return Clip(
        path=path.as_posix(),
        status=fault.status if fault else "ok",
        reason=fault.reason if fault else "",
        duration_seconds=round(duration, 6),
        num_frames=num_frames,
        fps=round(num_frames / duration, 6) if duration else 0.0,
        width=width,
        height=height,
        codec=codec,
        truncated=fault is not None,
        claimed_frames=claimed,
        claimed_seconds=round(claimed_seconds, 6),
    )


def _last_interval(video: Video, last: Shown, num_frames: int) -> float:
    if last.frame.duration:
        return float(last.frame.duration * video.time_base)
    if num_frames > 1:
        return last.seconds / (num_frames - 1)
    return float(1 / video.stream.average_rate) if video.stream.average_rate else 0.0


def _in_order(
    frames: Iterable[Shown], wanted: Sequence[int], timeline: Timeline | None
) -> Iterator[tuple[int, float, VideoFrame]]:
    """The wanted ones of all frames.

    Raises:
        IndexError: There are not so many.
        ClipError: They have other times than their packets.
    """
    left, index = list(reversed(wanted)), -1
    for index, shown in enumerate(frames):
        if timeline is not None and shown.seconds != timeline.seconds[index]:
            raise ClipError("unreadable", f"frame {index} has another time than its packet: copy the stream")
        if index == left[-1]:
            yield left.pop(), shown.seconds, shown.frame
        if not left:
            return
    raise outside(left[-1], index + 1)


def _collect(
    wanted: Sequence[int], frames: Iterable[tuple[int, float, VideoFrame]], size: tuple[int, int] | None
) -> Frames:
    rows = {index: row for row, index in enumerate(wanted)}
    times = np.empty(len(wanted))
    pixels: NDArray[np.uint8] | None = None
    to_rgb = ToRGB(size)
    for index, seconds, frame in frames:
        picture = to_rgb(frame)
        if pixels is None:
            pixels = np.empty((len(wanted), *picture.shape), np.uint8)
        pixels[rows[index]], times[rows[index]] = picture, seconds
    assert pixels is not None, "at least one frame is wanted, and all come or raise"
    return Frames(pixels=pixels, times_seconds=times)


def outside(index: int, num_frames: int) -> IndexError:
    """What to raise for a frame that is not there."""
    return IndexError(f"frame {index} lies outside the clip: it has {num_frames} frames")
