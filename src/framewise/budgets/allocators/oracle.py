"""Measured: how few frames the model to be tuned needs for the answer that it is given."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt, field_validator

from framewise._errors import FramewiseError
from framewise.budgets import Allocator, Budget, Failure, Key, Request, Settings
from framewise.budgets._clamp import frames_in_window
from framewise.budgets._look import failure_of
from framewise.budgets._sufficiency import smallest_sufficient


def _split_commas(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


class OracleSettings(Settings):
    """Settings of ``oracle``."""

    model: str
    """Folder in the official file format, or hub name, of the model that is to be tuned."""
    frames: Annotated[tuple[PositiveInt, ...], BeforeValidator(_split_commas)] = (2, 4, 8, 16, 32, 64)
    """Numbers of frames to measure, increasing. As text: ``2,4,8,16,32,64``."""
    tolerance: float = Field(default=0.05, ge=0)
    """Nats for each answer token by which fewer frames may be worse than the most."""
    batch_size: int = Field(default=8, ge=1)
    """Questions at once."""
    pixels_per_frame: int | None = Field(default=None, ge=1)
    """Most pixels of a frame; left out: the checkpoint's own."""
    device: str = "auto"
    """``auto`` is the GPU if there is one."""

    @field_validator("frames")
    @classmethod
    def _increasing(cls, frames: tuple[int, ...]) -> tuple[int, ...]:
        if len(frames) < 2 or list(frames) != sorted(set(frames)):
            raise ValueError("give two or more different numbers, the smallest first")
        return frames

    def inputs(self) -> dict[str, Path]:
        """The model's folder, where it is one."""
        folder = Path(self.model)
        return {"model": folder} if folder.exists() else {}


class Oracle(Allocator):
    """The smallest number of frames whose loss on the answer stays within a tolerance of the most frames' (Eq. 24).

    It reads the answer, so it is a measurement of needs, not a policy for a model in use. The curve of losses is kept
    with each budget. A record's other videos have the most frames throughout.
    """

    settings_type = OracleSettings
    uses_gpu = True

    def __init__(self, settings: OracleSettings) -> None:
        from framewise.budgets._losses import AnswerLosses

        self._settings = settings
        self._losses = AnswerLosses(
            settings.model, pixels_per_frame=settings.pixels_per_frame, device=settings.device
        )

    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield the measured needs, video after video.

        Batches are made of all requests, done or not, so that a resumed run computes what an uninterrupted one
        does.
        """
        for batch in self._batches(requests):
            if any(request.key not in done for request in batch):
                found = self._measure(batch)
                yield from (found[request.key] for request in batch if request.key not in done)

    def shares(self, requests: Sequence[Request], num_shares: int) -> Iterable[int]:
        """Whole batches."""
        numbers = {r.key: number for number, batch in enumerate(self._batches(requests)) for r in batch}
        return (numbers[request.key] % num_shares for request in requests)

    def _batches(self, requests: Sequence[Request]) -> Iterator[Sequence[Request]]:
        ordered = sorted(requests, key=lambda request: (request.media.path, request.key))
        size = self._settings.batch_size
        yield from (ordered[start : start + size] for start in range(0, len(ordered), size))

    def _measure(self, batch: Sequence[Request]) -> dict[Key, Budget | Failure]:
        failures: dict[Key, Budget | Failure] = {}
        curves: dict[Key, dict[int, float]] = {request.key: {} for request in batch}
        for wanted in self._settings.frames:
            encoded = {}
            for request in batch:
                number = self._losses.clamp(wanted, frames_in_window(request.clip, request.media))
                if request.key in failures or number in curves[request.key]:
                    continue
                try:
                    encoded[request.key] = (
                        number,
                        self._losses.encode(request, number, self._settings.frames[-1]),
                    )
                except FramewiseError as error:
                    failures[request.key] = failure_of(request, error)
            if encoded:
                losses = self._losses.losses([sequence for _, sequence in encoded.values()])
                for (key, (number, _)), loss in zip(encoded.items(), losses, strict=True):
                    curves[key][number] = loss
        return {
            request.key: failures.get(request.key) or self._budget(request, curves[request.key])
            for request in batch
        }

    def _budget(self, request: Request, curve: dict[int, float]) -> Budget:
        if not all(map(math.isfinite, curve.values())):
            raise FramewiseError(
                f"model {self._settings.model!r} gives losses that are not numbers: check its weights"
            )
        most = max(curve)
        needed = smallest_sufficient(curve, self._settings.tolerance)
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=needed,
            allocator="oracle",
            score=round(curve[most], 6),
            details={str(number): round(loss, 6) for number, loss in curve.items()},
            reason=f"from {needed} on the answer loses at most {self._settings.tolerance:g} nats a token "
            f"against {most} frames ({curve[needed]:.3f} and {curve[most]:.3f})",
        )
