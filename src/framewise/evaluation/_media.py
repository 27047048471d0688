"""The media of an item, read as the model is to see them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from framewise.clips import Decoder, Frames, read_media
from framewise.evaluation._benchmark import Benchmark, Item
from framewise.evaluation._frame_counts import FrameCounts
from framewise.evaluation._model import Question
from framewise.records import MARKERS, Media

REPLICATED_FPS = 2.0
"""Frames a second of an image that is shown as a video: what the processors of Qwen models take for granted."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads items from a data root."""

    data_root: Path
    decoder: Decoder
    multiple_of: int
    """Number that the frames of a video are a multiple of."""
    counts: FrameCounts
    replicate: int | None = None
    """Identical frames that an image is shown as (appendix B.2); None: it is shown as an image."""

    def question(self, name: str, benchmark: Benchmark, item: Item) -> Question:
        """An item with its frames, and the prompt that goes with these.

        Raises:
            FramewiseError: A medium is missing, leaves the data root, cannot be decoded or has no budget.
        """
        wanted = self.counts.of(name, item)
        frames = tuple(self._read(medium, n) for medium, n in zip(item.media, wanted, strict=True))
        videos = [f for f, m in zip(frames, item.media, strict=True) if m.kind == "video"]
        times = videos[0].times_seconds.tolist() if videos else []
        prompt = benchmark.prompt_at(item, times, self.data_root)
        media = item.media
        if self.replicate is not None:
            prompt = prompt.replace(MARKERS["image"], MARKERS["video"])
            media = tuple(replace(medium, kind="video") for medium in media)
        return Question(item=replace(item, prompt=prompt, media=media), frames=frames)

    def _read(self, medium: Media, num_frames: int) -> Frames:
        frames = read_media(self.data_root, medium, self.decoder, num_frames, multiple_of=self.multiple_of)
        if medium.kind == "image" and self.replicate is not None:
            return Frames(
                pixels=np.repeat(frames.pixels, self.replicate, axis=0),
                times_seconds=np.arange(self.replicate) / REPLICATED_FPS,
            )
        return frames
