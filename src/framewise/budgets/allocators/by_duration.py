"""So many frames a second, within bounds: what trainers do today."""

from collections.abc import Collection, Iterator, Sequence

from pydantic import Field, model_validator

from framewise.budgets import Allocator, Budget, Key, Request, Settings


class ByDurationSettings(Settings):
    """Settings of ``by_duration``; the defaults but the last are those of Qwen's processors."""

    fps: float = Field(default=2.0, gt=0)
    """Frames for each second of the clip, or of the record's window in it."""
    min_frames: int = Field(default=4, ge=1)
    """Fewest frames."""
    max_frames: int = Field(default=64, ge=1)
    """Most frames; the largest of the paper."""

    @model_validator(mode="after")
    def _ordered(self) -> "ByDurationSettings":
        if self.min_frames > self.max_frames:
            raise ValueError(f"min_frames={self.min_frames} is above max_frames={self.max_frames}")
        return self


class ByDuration(Allocator):
    """So many frames a second, within bounds: longer clips get more, whatever is in them."""

    settings_type = ByDurationSettings

    def __init__(self, settings: ByDurationSettings) -> None:
        self._settings = settings

    def allocate(self, requests: Sequence[Request], *, done: Collection[Key] = ()) -> Iterator[Budget]:
        """Yield seconds times frames a second, rounded down, within the bounds."""
        low, high = self._settings.min_frames, self._settings.max_frames
        for request in requests:
            if request.key not in done:
                seconds = request.seconds
                wanted = min(max(seconds * self._settings.fps, low), high)
                yield Budget(
                    record_id=request.record.id,
                    media_index=request.media_index,
                    num_frames=int(wanted),
                    allocator="by_duration",
                    wanted=round(wanted, 6),
                    reason=f"{seconds:.2f} s at {self._settings.fps:g} a second, {low} to {high}",
                )
