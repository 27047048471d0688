"""The same number of frames for every video."""

from collections.abc import Collection, Iterator, Sequence

from pydantic import Field

from framewise.budgets import Allocator, Budget, Key, Request, Settings


class FixedSettings(Settings):
    """Settings of ``fixed``."""

    num_frames: int = Field(ge=1)
    """Frames of every video, the m of the paper's fixed-frame arms (8, 16, 32 or 64 there)."""


class Fixed(Allocator):
    """The same number of frames for every video."""

    settings_type = FixedSettings

    def __init__(self, settings: FixedSettings) -> None:
        self._num_frames = settings.num_frames

    def allocate(self, requests: Sequence[Request], *, done: Collection[Key] = ()) -> Iterator[Budget]:
        """Yield the one number."""
        for request in requests:
            if request.key not in done:
                yield Budget(
                    record_id=request.record.id,
                    media_index=request.media_index,
                    num_frames=self._num_frames,
                    allocator="fixed",
                    reason=f"every video gets {self._num_frames}",
                )
