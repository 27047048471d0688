"""Decoder ``pyav``: FFmpeg through PyAV, on one thread.

It decodes from the start and stops after the last frame that is needed. Only containers that hold their own
media are opened: a playlist that carries a video's name must not make FFmpeg read files elsewhere.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from framewise.clips._clip import Clip, Decoder, Frames
from framewise.clips._faults import ClipError
from framewise.clips.decoders._pixels import ToRGB, displayed_size

_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,gif"
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}


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

    def frame_times(self, path: Path) -> NDArray[np.float64]:
        """Times of all frames that decode; see ``Decoder.frame_times``.

        Raises:
            ClipError: The file cannot be decoded to its end.
        """
        with _opened(path) as video:
            return np.array([shown.seconds for shown in video.frames()])

    def decode(self, path: Path, indices: Sequence[int]) -> Frames:
        """Frames by index; see ``Decoder.decode``.

        Raises:
            ValueError: The indices are not strictly increasing, or there are none.
            IndexError: An index lies outside the clip.
            ClipError: The file cannot be decoded up to the last index.
        """
        wanted = [int(index) for index in indices]
        if not wanted or any(a >= b for a, b in pairwise(wanted)):
            raise ValueError(f"indices must be strictly increasing and at least one, got {wanted}")
        if wanted[0] < 0:
            raise IndexError(f"frame {wanted[0]} lies outside the clip: indices count from 0")
        with _opened(path) as video:
            return _collect(video, wanted)


@dataclass(frozen=True)
class _Shown:
    """A frame that is on screen for some time."""

    seconds: float
    """From the first frame."""
    frame: VideoFrame


class _Video:
    """The video stream of an open file."""

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._path, self._container, self.stream = path, container, stream
        assert stream.time_base is not None, "FFmpeg gives every input stream a time base"
        self.time_base: Fraction = stream.time_base

    def frames(self) -> Iterator[_Shown]:
        """Frames in presentation order.

        Raises:
            ClipError: Decoding stops before the end, or a frame has no usable time.
        """
        num_good, origin, latest = 0, 0, -1
        for frame in self._decoded():
            if frame.pts is None:
                raise ClipError(
                    "unreadable", f"frame {num_good} has no time: copy the stream into an mp4 file"
                )
            origin = origin if num_good else frame.pts
            if frame.is_corrupt:
                raise ClipError("truncated", f"the data are damaged after {num_good} good frames")
            if frame.pts - origin < latest:
                raise ClipError("unreadable", f"the times run backwards after {num_good} good frames")
            if frame.pts - origin > latest:
                latest = frame.pts - origin
                num_good += 1
                yield _Shown(float(latest * self.time_base), frame)
        self._check_whole(num_good)

    def _decoded(self) -> Iterator[VideoFrame]:
        num_good = 0
        try:
            for frame in self._container.decode(self.stream):
                yield frame
                num_good += 1
        except (av.FFmpegError, OSError) as error:
            if num_good == 0:
                raise ClipError("unreadable", f"no frame decodes: {error.strerror}") from error
            raise ClipError(
                "truncated", f"decoding stops after {num_good} good frames: {error.strerror}"
            ) from error

    def _check_whole(self, num_good: int) -> None:
        """FFmpeg ends without an error where a file was cut between two packets; the index tells."""
        size = self._path.stat().st_size
        if any(entry.pos + entry.size > size for entry in self.stream.index_entries):
            raise ClipError("truncated", f"the file ends after {num_good} good frames")
        if num_good == 0:
            raise ClipError("empty", "the video stream has no frames")


@contextmanager
def _opened(path: Path) -> Iterator[_Video]:
    if not path.exists():
        raise ClipError("missing", "the file does not exist")
    if not path.is_file():
        raise ClipError("unreadable", "it is a folder, not a file")
    if path.stat().st_size == 0:
        raise ClipError("empty", "the file has no bytes")
    try:
        container = av.open(str(path.absolute()), options=_OPTIONS)
    except (av.InvalidDataError, av.ArgumentError) as error:
        raise _unopened(path) from error
    except (av.FFmpegError, OSError) as error:
        raise ClipError("unreadable", f"the file does not open: {error.strerror}") from error
    with container:
        yield _Video(path, container, _video_stream(container))


def _unopened(path: Path) -> ClipError:
    with path.open("rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
    if is_mp4:
        return ClipError("truncated", "the mp4 file has lost its index, 0 good frames: fetch it again")
    return ClipError("not_a_video", f"no video container is recognised; read are {_CONTAINERS}")


def _video_stream(container: InputContainer) -> VideoStream:
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kinds = ", ".join(stream.type for stream in container.streams) or "none"
        raise ClipError("no_video_stream", f"the file has no video stream; its streams: {kinds}")
    stream = streams[0]
    if stream.codec_context is None:
        raise ClipError("unsupported_codec", "FFmpeg has no decoder for the video stream")
    stream.codec_context.thread_count = 1
    return stream


def _probe(path: Path) -> Clip:
    with _opened(path) as video:
        num_frames, last = 0, None
        for shown in video.frames():
            if num_frames == 0:
                height, width = displayed_size(shown.frame)
            num_frames, last = num_frames + 1, shown
        assert last is not None, "frames() raises where there are none"
        duration = last.seconds + _last_interval(video, last, num_frames)
        codec = video.stream.codec_context.codec.canonical_name
    return Clip(
        path=path.as_posix(),
        status="ok",
        duration_seconds=round(duration, 6),
        num_frames=num_frames,
        fps=round(num_frames / duration, 6) if duration else 0.0,
        width=width,
        height=height,
        codec=codec,
    )


def _last_interval(video: _Video, last: _Shown, num_frames: int) -> float:
    if last.frame.duration:
        return float(last.frame.duration * video.time_base)
    if num_frames > 1:
        return last.seconds / (num_frames - 1)
    return float(1 / video.stream.average_rate) if video.stream.average_rate else 0.0


def _collect(video: _Video, wanted: list[int]) -> Frames:
    pixels: NDArray[np.uint8] | None = None
    times: list[float] = []
    to_rgb = ToRGB()
    index = -1
    for index, shown in enumerate(video.frames()):
        if index != wanted[len(times)]:
            continue
        picture = to_rgb(shown.frame)
        if pixels is None:
            pixels = np.empty((len(wanted), *picture.shape), np.uint8)
        pixels[len(times)] = picture
        times.append(shown.seconds)
        if len(times) == len(wanted):
            return Frames(pixels=pixels, times_seconds=np.array(times))
    raise IndexError(f"frame {wanted[len(times)]} lies outside the clip: it has {index + 1} frames")
