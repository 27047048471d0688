"""A random number of frames from a range, whatever the video: the blind control."""

import random
from collections.abc import Collection, Iterator, Sequence

from pydantic import Field, model_validator

from framewise.budgets import Allocator, Budget, Key, Request, Settings


class RandomRangeSettings(Settings):
    """Settings of ``random_range``; the defaults are those that InternVL is trained with."""

    min_frames: int = Field(default=8, ge=1)
    """Smallest number."""
    max_frames: int = Field(default=32, ge=1)
    """Largest number, itself included."""
    seed: int = 0
    """Which of the draws."""

    @model_validator(mode="after")
    def _ordered(self) -> "RandomRangeSettings":
        if self.min_frames > self.max_frames:
            raise ValueError(f"min_frames={self.min_frames} is above max_frames={self.max_frames}")
        return self


class RandomRange(Allocator):
    """A random number from a range, all equally likely, drawn for each video by its id and the seed alone."""

    settings_type = RandomRangeSettings

    def __init__(self, settings: RandomRangeSettings) -> None:
        self._settings = settings

    def allocate(self, requests: Sequence[Request], *, done: Collection[Key] = ()) -> Iterator[Budget]:
        """Yield the drawn numbers."""
        low, high, seed = self._settings.min_frames, self._settings.max_frames, self._settings.seed
        for request in requests:
            if request.key not in done:
                yield Budget(
                    record_id=request.record.id,
                    media_index=request.media_index,
                    num_frames=random.Random(repr((seed, *request.key))).randint(low, high),
                    allocator="random_range",
                    reason=f"drawn from {low} to {high} with seed {seed}",
                )
