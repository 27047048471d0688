"""Sizes and times of a record's media out of its probed clips: nothing is decoded."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._jsonl import Row
from framewise.clips import Clip, sample
from framewise.families import VisualShape
from framewise.planning._example import Example
from framewise.records import Media, skipped_row


class Shaper:
    """Gives each example the shapes that decoding would give it.

    Frames are taken to follow each other at the clip's mean rate. Where the rate varies, the number of frames
    is still the same; their times, and with them a family's written timestamps, may differ a little.

    Args:
        clips: Probed clips by path.
        multiple_of: Frames that the family reads together.
    """

    def __init__(self, clips: Mapping[str, Clip], *, multiple_of: int) -> None:
        self._clips, self._multiple_of = clips, multiple_of
        self._sampled = lru_cache(maxsize=1 << 16)(self._sample)

    def shapes(self, example: Example) -> list[VisualShape] | Row:
        """One shape a medium, or a row of ``skipped.jsonl`` where a medium has none."""
        found = []
        for index, (media, wanted) in enumerate(zip(example.record.media, example.num_frames, strict=True)):
            clip = self._clips.get(media.path)
            fault = None
            if clip is None:
                fault = ("not_probed", "not among the probed clips: run `framewise probe` on these records")
            elif not clip.ok:
                fault = (clip.status, clip.reason)
            else:
                try:
                    times = np.zeros(1) if media.kind == "image" else self._sampled(media, wanted)
                    found.append(
                        VisualShape(
                            kind=media.kind, height=clip.height, width=clip.width, times_seconds=times
                        )
                    )
                except FramewiseError as error:
                    fault = ("empty_window", str(error))
            if fault:
                return skipped_row(example.record.id, index, media.path, *fault)
        return found

    def _sample(self, media: Media, num_frames: int) -> NDArray[np.float64]:
        chosen = sample(
            _times(self._clips[media.path], media),
            num_frames,
            multiple_of=self._multiple_of,
            start_seconds=media.start_seconds,
            end_seconds=media.end_seconds,
        )
        return chosen.times_seconds


def _times(clip: Clip, media: Media) -> NDArray[np.float64]:
    """Times of all frames of a clip from its first."""
    if len(media.times_seconds) == clip.num_frames:
        return np.array([time - media.times_seconds[0] for time in media.times_seconds], dtype=np.float64)
    interval = clip.duration_seconds / clip.num_frames
    return np.arange(clip.num_frames, dtype=np.float64) * np.float64(interval)
