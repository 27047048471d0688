"""OpenCV, put to each frame by its number."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.peers.opencv import open_file, to_rgb


def decode(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Any:
    """The frames that are asked for.

    Raises:
        EOFError: OpenCV gives none for one of them.
    """
    file = open_file(path)
    frames = np.empty((len(indices), *size, 3), np.uint8)
    for row, index in enumerate(indices):
        file.set(cv2.CAP_PROP_POS_FRAMES, index)
        is_there, picture = file.read()
        if not is_there:
            raise EOFError(f"no frame {index}")
        frames[row] = to_rgb(picture, size)
    return frames
