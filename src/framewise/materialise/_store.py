"""A file that appears whole under its name, after it has been decoded again."""

import os
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise.clips import Decoder
from framewise.materialise._encode import encode

_TIME_TOLERANCE = 1e-6
_FULL_SCALE = 255.0
_LEAST_ERROR = 1e-6
"""Keeps the ratio of equal pictures finite, at 108 dB."""


def store(
    path: Path, parts: Path, pictures: list[NDArray[np.uint8]], interval: Fraction, decoder: Decoder
) -> float:
    """Encode pictures and check what comes out.

    Args:
        path: The file.
        parts: Folder on the same disk, for the file while it is being written.
        pictures: RGB [height, width, 3], all of one size with even sides.
        interval: Seconds between pictures.
        decoder: Reads the file again.

    Returns:
        Peak signal-to-noise ratio of the decoded frames over all RGB values, in decibels, rounded to a hundredth.

    Raises:
        FramewiseError: The file has other frames or times than it should.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    parts.mkdir(exist_ok=True)
    part = parts / f"{uuid4().hex}.mp4"
    try:
        encode(part, pictures, interval)
        psnr = _check(part, pictures, interval, decoder)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return psnr


def _check(part: Path, pictures: list[NDArray[np.uint8]], interval: Fraction, decoder: Decoder) -> float:
    times = decoder.frame_times(part)
    wanted = [float(number * interval) for number in range(len(pictures))]
    if len(times) != len(wanted) or np.abs(times - wanted).max() > _TIME_TOLERANCE:
        raise FramewiseError(
            f"the encoded file has {len(times)} frames at other times than the {len(wanted)}"
        )
    decoded = decoder.decode(part, range(len(pictures))).pixels
    errors = [
        np.square(np.subtract(a, b, dtype=np.float32)).mean() for a, b in zip(decoded, pictures, strict=True)
    ]
    return round(float(10 * np.log10(_FULL_SCALE**2 / max(float(np.mean(errors)), _LEAST_ERROR))), 2)
