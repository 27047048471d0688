"""OpenCV from the start of the file: every frame is grabbed, the chosen ones are retrieved and scaled."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

cv2.setNumThreads(1)


def open_file(path: Path) -> cv2.VideoCapture:
    """The file, to be decoded on one thread."""
    return cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])


def to_rgb(picture: Any, size: tuple[int, int]) -> Any:
    """Scaled as OpenCV's manual advises: by areas where it shrinks, bicubic where it grows."""
    height, width = size
    how = cv2.INTER_AREA if picture.shape[0] > height else cv2.INTER_CUBIC
    return cv2.cvtColor(cv2.resize(picture, (width, height), interpolation=how), cv2.COLOR_BGR2RGB)


def decode(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Any:
    """The frames that are asked for.

    Raises:
        EOFError: The file ends before the last of them.
    """
    file, place = open_file(path), 0
    frames = np.empty((len(indices), *size, 3), np.uint8)
    for row, index in enumerate(indices):
        while place <= index:
            if not file.grab():
                raise EOFError(f"no frame {place}")
            place += 1
        _, picture = file.retrieve()
        frames[row] = to_rgb(picture, size)
    return frames
