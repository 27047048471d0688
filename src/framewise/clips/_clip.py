"""What a video file holds, and frames out of it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
    """What was found and what to do, for people; empty when ``ok``."""
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

    @property
    def ok(self) -> bool:
        """Whether the clip can be used."""
        return self.status == "ok"

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


class Decoder(ABC):
    """Reads video files. It never chooses frames: ``sampling`` does."""

    @abstractmethod
    def probe(self, path: Path) -> Clip:
        """Decode the whole file to find what it really holds.

        A file that cannot be used gives a clip with the name of its fault as status, never an exception.
        """

    @abstractmethod
    def frame_times(self, path: Path) -> NDArray[np.float64]:
        """Presentation times of all frames in seconds from the first, sorted, shape [num_frames].

        Raises:
            FramewiseError: The file cannot be decoded.
        """

    @abstractmethod
    def decode(self, path: Path, indices: Sequence[int]) -> Frames:
        """The frames at ``indices`` (presentation order, strictly increasing, 0-based).

        Raises:
            IndexError: An index lies outside the clip.
            FramewiseError: The file cannot be decoded.
        """
