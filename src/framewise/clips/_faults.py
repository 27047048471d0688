"""What can be wrong with a media file, by name."""

from typing import Literal

from framewise._errors import FramewiseError

FaultName = Literal[
    "missing",
    "empty",
    "not_a_video",
    "not_an_image",
    "no_video_stream",
    "truncated",
    "zero_sized",
    "unsupported_codec",
    "unreadable",
    "timeout",
    "crashed",
    "no_times",
    "bad_times",
    "mixed_sizes",
]
"""The statuses of a clip besides ``ok``.

``timeout`` and ``crashed`` are the decoder's end, the last three are about videos that are made of images.
"""


class ClipError(FramewiseError):
    """A media file that cannot be used."""

    def __init__(self, status: FaultName, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status: FaultName = status
        self.reason = reason
