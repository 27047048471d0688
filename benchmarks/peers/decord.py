"""decord, whose reader scales."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import decord as library


def decode(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Any:
    """The frames that are asked for."""
    height, width = size
    reader = library.VideoReader(str(path), ctx=library.cpu(0), width=width, height=height, num_threads=1)
    return reader.get_batch(list(indices)).asnumpy()
