"""torchcodec's quicker mode: it guesses a frame's time from its number and the header's rate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import torchcodec


def decode(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Any:
    """The frames at the guessed times."""
    return torchcodec.decode(path, indices, size, "approximate")
