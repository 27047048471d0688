"""Opening untrusted video files with FFmpeg, on one thread.

Only containers that hold their own media are opened: a playlist that carries a video's name must not make
FFmpeg read files elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from framewise.clips._faults import ClipError

_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,gif"
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
_WITHOUT_TRIAL = {"codec_whitelist": "none", "probesize": "32"}
"""Keeps FFmpeg from decoding the first frames to guess what their headers do not say."""
_COMPLETE_HEADERS = ((4, b"ftyp"), (0, b"\x1a\x45\xdf\xa3"))
"""Place and bytes that tell mp4, mov, mkv and webm files, whose headers and packets say all that is used."""


@dataclass(frozen=True)
class Video:
    """The video stream of an open file."""

    path: Path
    container: InputContainer
    stream: VideoStream
    time_base: Fraction
    """Seconds of a unit of its times."""

    @property
    def codec(self) -> VideoCodecContext:
        """The stream's decoder."""
        return self.stream.codec_context

    @property
    def has_slots(self) -> bool:
        """Whether the container counts frames where others have times, and the codec changes their order.

        An avi file is a row of slots in the order of decoding. FFmpeg gives a packet the time of its slot, which
        is another than that of its frame.
        """
        return self.container.format.name == "avi" and bool(self.codec.reorder_depth)


@contextmanager
def opened(path: Path) -> Iterator[Video]:
    """The first video stream of a file that is no cover picture.

    Raises:
        ClipError: The file is missing or no video, or FFmpeg has no decoder for it.
    """
    if not path.exists():
        raise ClipError("missing", "the file does not exist")
    if not path.is_file():
        raise ClipError("unreadable", "it is a folder, not a file")
    if path.stat().st_size == 0:
        raise ClipError("empty", "the file has no bytes")
    try:
        container = av.open(str(path.absolute()), options=_options(path))
    except (av.InvalidDataError, av.ArgumentError) as error:
        raise _unopened(path) from error
    except (av.FFmpegError, OSError) as error:
        raise ClipError("unreadable", f"the file does not open: {error.strerror}") from error
    with container:
        stream = _video_stream(container)
        assert stream.time_base is not None, "FFmpeg gives every input stream a time base"
        yield Video(path, container, stream, stream.time_base)


def _options(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        start = file.read(16)
    complete = any(start[place:].startswith(mark) for place, mark in _COMPLETE_HEADERS)
    return _OPTIONS | _WITHOUT_TRIAL if complete else _OPTIONS


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
    if stream.codec_context.name == "h264":
        # Else FFmpeg guesses how far frames are out of order where the stream does not say it, and may drop some
        # before its guess is right.
        stream.codec_context.options = {"strict": "strict"}
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    return stream
