"""How much a clip moves, by its own motion vectors or by tiny pictures: no neural network."""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from framewise._errors import FramewiseError
from framewise.budgets import Allocator, Budget, Failure, Key, Request, Settings
from framewise.budgets._look import by_media, count_changes, failure_of
from framewise.budgets._motion import brightness_changes, vector_changes

_THRESHOLDS = {"differences": 0.02, "vectors": 0.005}


class MotionSettings(Settings):
    """Settings of ``motion``."""

    measure: Literal["differences", "vectors"] = "differences"
    """``differences`` of brightness between neighbours of uniform frames, or the codec's motion ``vectors``,
    which H.264 and MPEG-4 files have."""
    threshold: float | None = Field(default=None, gt=0)
    """Change that is worth a frame. Left out: 2 % of the range of brightness on average, or a movement of
    half a percent of the diagonal on average."""
    frames: int = Field(default=64, ge=2)
    """Most frames to look at, and largest budget."""
    side: int = Field(default=32, ge=8)
    """Height and width in pixels of the tiny pictures."""


class Motion(Allocator):
    """One frame, and one for each noticeable change from frame to frame; a still clip gets the fewest.

    The rule is ours: the frames of an ideal summary, in which each step of a threshold is worth a frame.
    """

    settings_type = MotionSettings
    snaps = True

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._threshold = settings.threshold or _THRESHOLDS[settings.measure]

    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield the budgets, clip after clip; questions about one window of a clip share its measure."""
        for group in by_media(requests):
            waiting = [request for request in group if request.key not in done]
            if waiting:
                try:
                    changes = self._changes(waiting[0])
                except FramewiseError as error:
                    yield from (failure_of(request, error) for request in waiting)
                else:
                    yield from (self._budget(request, changes) for request in waiting)

    def _changes(self, request: Request) -> NDArray[np.float64]:
        chosen = self._settings
        if chosen.measure == "differences":
            return brightness_changes(request, chosen.frames, chosen.side)
        return vector_changes(request)

    def _budget(self, request: Request, changes: NDArray[np.float64]) -> Budget:
        chosen = self._settings
        wanted = round(count_changes(changes, self._threshold, chosen.frames), 4)
        mean = float(changes.mean()) if len(changes) else 0.0
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=math.ceil(wanted),
            allocator="motion",
            score=round(mean, 6),
            wanted=wanted,
            reason=f"{wanted:.1f} frames show each change of {self._threshold:g} once "
            f"({chosen.measure}, {mean:.4f} a step on average)",
        )
