"""Framewise's own decoder. It is not told the frames: it finds the times of all and chooses, as in training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from framewise.clips.decoders.pyav import PyAV
from framewise.clips.sampling import sample


def decode(path: Path, indices: Sequence[int], size: tuple[int, int]) -> Any:
    """The chosen frames."""
    with PyAV().open(path) as clip:
        chosen = sample(clip.frame_times(), len(indices))
        return clip.decode(chosen.indices.tolist(), size=size).pixels
