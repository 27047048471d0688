"""One video or image of a record, and the times of images that make up a video."""

import hashlib
import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, Literal

MediaKind = Literal["video", "image"]


@dataclass(frozen=True, kw_only=True)
class Media:
    """One video or image of a record.

    A video is a file, a folder of images or a list of images. Images have no times of their own: they come
    with ``fps`` or ``times_seconds``, or from the ``times.json`` of the folder that they lie in.

    Raises:
        ValueError: There is neither a path nor a list of images, or the times cannot be those of the images.
    """

    kind: MediaKind
    path: str = ""
    """Path relative to the media root, with forward slashes: of a file, or of a folder of images. A list of
    images gets a name that is made of them and their times; no such file exists."""
    start_seconds: float | None = None
    """Start of the window that the sample is about; None is the start of the file."""
    end_seconds: float | None = None
    """End (exclusive) of that window; None is the end of the file."""
    frames: tuple[str, ...] = ()
    """Paths of the images that are the video's frames, in order; empty for a file or a folder."""
    fps: float | None = None
    """Images a second; None: see ``times_seconds``."""
    times_seconds: tuple[float, ...] = ()
    """Time of each image, strictly increasing; a clip's times count from its first frame."""

    def __post_init__(self) -> None:
        if not (self.path or self.frames):
            raise ValueError("a medium needs a 'path', or a video 'frames'")
        if self.frames or self.fps is not None or self.times_seconds:
            _check_images(self)
        if self.frames:
            object.__setattr__(self, "path", _name_of_list(self))

    @property
    def files(self) -> tuple[str, ...]:
        """The paths that the record names: the images of a list, else the path alone."""
        return self.frames or (self.path,)

    @property
    def has_times(self) -> bool:
        """Whether the record gives the times of images."""
        return self.fps is not None or bool(self.times_seconds)

    def to_json(self) -> dict[str, Any]:
        """A medium in a row of ``records.jsonl``."""
        said = {
            k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items() if v not in (None, ())
        }
        return {k: v for k, v in said.items() if k != "path" or not self.frames}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Media":
        """Read a medium of a row of ``records.jsonl``.

        Raises:
            ValueError: See ``Media``.
        """
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        return cls(**values)


def _check_images(media: Media) -> None:
    times = media.times_seconds
    if media.kind == "image":
        raise ValueError("an image is one 'path' without times: images with times are a video")
    if media.fps is not None and times:
        raise ValueError("the times of images are given by 'fps' or by 'times_seconds', not by both")
    if media.fps is not None and not 0 < media.fps < math.inf:
        raise ValueError(f"'fps' must be a number above 0, found {media.fps}")
    if not all(0 <= time < math.inf for time in times) or any(a >= b for a, b in pairwise(times)):
        raise ValueError("'times_seconds' must be strictly increasing numbers from 0 up")
    if media.frames and times and len(media.frames) != len(times):
        raise ValueError(f"the video has {len(media.frames)} images but {len(times)} times")


def _name_of_list(media: Media) -> str:
    said = json.dumps([media.frames, media.fps, media.times_seconds])
    digest = hashlib.sha256(said.encode()).hexdigest()[:12]
    return f"{media.frames[0]}..{PurePosixPath(media.frames[-1]).name}#{digest}"
