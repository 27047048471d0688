"""PyAV from the start of the file: every frame is decoded, the chosen ones are converted and scaled."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np


def decode(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Any:
    """The frames that are asked for."""
    height, width = size
    chosen, frames = set(indices), []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for index, frame in enumerate(container.decode(stream)):
            if index in chosen:
                frames.append(frame.to_ndarray(format="rgb24", width=width, height=height))
            if index == indices[-1]:
                break
    return np.stack(frames)
