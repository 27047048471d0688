"""What a video file holds, and frames out of it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A row of ``clips.jsonl``: what decoding found, not what the header claims."""

    path: str
    """Path relative to the media root, with forward slashes."""
    status: str
    """``ok``, or the name of the fault."""
    reason: str = ""
    """What was found and what to do, for people; where ``ok``, what to know of the clip, mostly nothing."""
    duration_seconds: float = 0.0
    """Presentation time from the first frame to the end of the last."""
    num_frames: int = 0
    """Frames that really decode."""
    fps: float = 0.0
    """num_frames / duration_seconds."""
    width: int = 0
    """Pixels, as displayed."""
    height: int = 0
    codec: str = ""
    truncated: bool = False
    """Whether the file is damaged after these frames: then they are all that may be asked for."""
    claimed_frames: int = 0
    """Frames that the file's header claims; 0 where it claims none. Avi counts times without a frame too."""
    claimed_seconds: float = 0.0
    """Duration that the header claims for the video; 0 where it claims none."""

    @property
    def ok(self) -> bool:
        """Whether the clip can be used."""
        return self.status == "ok"

    @property
    def good_frames(self) -> int | None:
        """Frames before the damage of a truncated file; None: the file is whole."""
        return self.num_frames if self.truncated else None

    def to_json(self) -> dict[str, Any]:
        """The row of ``clips.jsonl``."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Clip":
        """Read a row of ``clips.jsonl``; keys that later versions added are ignored."""
        return cls(**{k: v for k, v in row.items() if k in cls.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Decoded frames with their true times."""

    pixels: NDArray[np.uint8]
    """RGB, shape [frames, height, width, 3], range 0 to 255."""
    times_seconds: NDArray[np.float64]
    """Presentation time of each frame from the start of the clip, shape [frames], strictly increasing."""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.shape[-1] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(f"pixels must be uint8 [frames, height, width, 3], got {self.pixels.shape}")
        if self.times_seconds.shape != self.pixels.shape[:1]:
            raise ValueError(f"{len(self.pixels)} frames but times of shape {self.times_seconds.shape}")

    def __repr__(self) -> str:
        return f"Frames(pixels={self.pixels.shape}, times_seconds={self.times_seconds.round(3).tolist()})"


class OpenClip(Protocol):
    """The frames of a clip that is open for reading."""

    def frame_times(self, num_frames: int | None = None) -> NDArray[np.float64]:
        """Presentation times of all frames in seconds from the first, sorted, shape [num_frames].

        Args:
            num_frames: Times of so many first frames alone, whatever is damaged after them; None: all.

        Raises:
            FramewiseError: The file cannot be read to its end, or has fewer frames than asked for. Damage that
                shows only in decoding is found by ``decode`` and ``Decoder.probe``.
        """

    def decode(self, indices: Sequence[int], *, size: tuple[int, int] | None = None) -> Frames:
        """The frames at ``indices`` (presentation order, strictly increasing, 0-based).

        Args:
            indices: At least one.
            size: Height and width in pixels, as displayed, to scale all frames to: bicubic, with all pixels that
                shrink into one. None: as stored.

        Raises:
            ValueError: The indices are not strictly increasing, or there are none.
            IndexError: An index lies outside the clip.
            FramewiseError: One of these frames cannot be decoded.
        """


class Decoder(ABC):
    """Reads video files. It never chooses frames: ``sampling`` does."""

    @abstractmethod
    def probe(self, path: Path) -> Clip:
        """Decode the whole file to find what it really holds.

        A file that cannot be used gives a clip with the name of its fault as status, never an exception. A
        truncated one has the facts of its good frames.
        """

    @abstractmethod
    def open(self, path: Path) -> AbstractContextManager[OpenClip]:
        """Open a file once for its times and its frames.

        Raises:
            FramewiseError: The file is missing or no video.
        """

    def frame_times(self, path: Path, num_frames: int | None = None) -> NDArray[np.float64]:
        """Times of the frames of a file; see ``OpenClip.frame_times``.

        Raises:
            FramewiseError: As there and in ``open``.
        """
        with self.open(path) as clip:
            return clip.frame_times(num_frames)

    def decode(self, path: Path, indices: Sequence[int], *, size: tuple[int, int] | None = None) -> Frames:
        """Frames of a file; see ``OpenClip.decode``.

        Raises:
            ValueError: As there.
            IndexError: As there.
            FramewiseError: As there and in ``open``.
        """
        with self.open(path) as clip:
            return clip.decode(indices, size=size)


def check_indices(indices: Sequence[int]) -> list[int]:
    """Indices as every decoder takes them.

    Raises:
        ValueError: They are not strictly increasing, or there are none.
        IndexError: One is negative.
    """
    wanted = [int(index) for index in indices]
    if not wanted or any(a >= b for a, b in pairwise(wanted)):
        raise ValueError(f"indices must be strictly increasing and at least one, got {wanted}")
    if wanted[0] < 0:
        raise IndexError(f"frame {wanted[0]} lies outside the clip: indices count from 0")
    return wanted
