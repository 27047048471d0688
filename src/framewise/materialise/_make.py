"""One clip: what a worker does."""

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from framewise._artifacts import digest
from framewise._errors import FramewiseError
from framewise._jsonl import Row
from framewise.clips import (
    ClipError,
    Decoder,
    Frames,
    ImageSequence,
    Sample,
    Source,
    find_source,
    make_decoder,
    sample_clip,
)
from framewise.materialise._encode import ENCODER, frame_interval
from framewise.materialise._frame_size import FrameSize
from framewise.materialise._store import store
from framewise.records import Media

CLIPS, PARTS = "clips", "parts"
"""Folders of the run directory: files that are whole, and files that are being written."""
_SECONDS_OF_ONE_FRAME = 1.0
"""Duration of a clip that has none: a single frame without a successor."""


@dataclass(frozen=True)
class Task:
    """A clip that is wanted; records with equal tasks share its file."""

    media: Media
    num_frames: int
    good_frames: int | None = None
    """Frames before the damage of a truncated video; None: the video is whole."""


@dataclass(frozen=True)
class Fault:
    """Why a clip could not be made."""

    status: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What all tasks of a run have in common."""

    media_root: Path
    output: Path
    size: FrameSize
    temporal_multiple: int
    """As in training, what a window has less than the budget is rounded down to a multiple of this."""
    decoder: str


def make_clip(workshop: Workshop, task: Task) -> Row | Fault:
    """Decode, resize, encode and check one clip.

    The file appears under its final name at once and whole, after it has been decoded again. Its name is the
    sha256 of what it is made of, so that equal clips are one file whoever asks for them.

    Returns:
        Keys of a row of ``materialised.jsonl`` that are the same for all records of the task, or the fault.
    """
    try:
        decoder = make_decoder(workshop.decoder)
        source = find_source(workshop.media_root, task.media)
        frames, chosen = _sample(decoder, source, task, workshop.temporal_multiple)
        height, width = workshop.size.of(*frames.pixels.shape[1:3])
        interval = frame_interval(chosen.span_seconds or _SECONDS_OF_ONE_FRAME, len(chosen))
        name = _name(source, chosen, interval, (height, width))
        pictures = [_resize(picture, height, width) for picture in frames.pixels]
        path = f"{CLIPS}/{name[:2]}/{name}.mp4"
        psnr = store(workshop.output / path, workshop.output / PARTS, pictures, interval, decoder)
    except ClipError as error:
        return Fault(error.status, error.reason)
    except FramewiseError as error:
        return Fault("unreadable", str(error))
    return {
        "path": path,
        "source_path": task.media.path,
        "num_frames": len(chosen),
        "clamped": chosen.clamped,
        "fps": float(1 / interval),
        "duration_seconds": float(interval * len(chosen)),
        "width": width,
        "height": height,
        "indices": chosen.indices.tolist(),
        "times_seconds": frames.times_seconds.tolist(),
        "psnr_db": psnr,
    }


def _sample(decoder: Decoder, source: Source, task: Task, multiple: int) -> tuple[Frames, Sample]:
    media = task.media
    return sample_clip(
        decoder,
        source,
        task.num_frames,
        multiple_of=multiple if task.num_frames % multiple == 0 else 1,
        start_seconds=media.start_seconds,
        end_seconds=media.end_seconds,
        good_frames=task.good_frames,
    )


def _name(source: Source, chosen: Sample, interval: Fraction, size: tuple[int, int]) -> str:
    files = [source.files[i] for i in chosen.indices] if isinstance(source, ImageSequence) else [source]
    stats = [(file, file.stat()) for file in files]
    made_of: dict[str, Any] = {
        "source": [_digest(file, stat.st_size, stat.st_mtime_ns) for file, stat in stats],
        "indices": chosen.indices.tolist(),
        "interval": str(interval),
        "size": size,
        "encoder": ENCODER,
    }
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


@lru_cache(maxsize=256)
def _digest(file: Path, size: int, mtime_ns: int) -> str:
    """Of the file's bytes; the other arguments say whether they are still the same."""
    del size, mtime_ns
    return digest(file)


def _resize(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """As the processors of the families do it: bicubic, with all pixels that shrink into one."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
