"""How many frames of a clip differ to DINOv2."""

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from framewise._errors import FramewiseError
from framewise.budgets import Allocator, Budget, Failure, Key, Request, Settings
from framewise.budgets._distinct import count_kept, effective_number
from framewise.budgets._look import by_media, failure_of, look


class SimilaritySettings(Settings):
    """Settings of ``similarity``."""

    model: str = "facebook/dinov2-base"
    """Folder in the official file format, or hub name, of a DINOv2 checkpoint of transformers."""
    rule: Literal["effective", "deduplicate"] = "effective"
    """``effective`` number of distinct frames, a fraction without a threshold; or those that LongVU's
    ``deduplicate`` leaves."""
    features: Literal["cls", "patches"] = "cls"
    """The class token, or the mean of the patches."""
    threshold: float = Field(default=0.83, ge=-1, le=1)
    """Mean cosine similarity from which on ``deduplicate`` drops a frame; 0.83 in LongVU."""
    window: int = Field(default=16, ge=2)
    """Neighbours that ``deduplicate`` compares; 16 in LongVU."""
    frames: int = Field(default=64, ge=1)
    """Most frames to look at, and largest budget."""
    batch_size: int = Field(default=64, ge=1)
    """Frames at once; those of one clip share a batch."""
    device: str = "auto"
    """``auto`` is the GPU if there is one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto`` is bfloat16 on a GPU that has it, else float32."""

    def inputs(self) -> dict[str, Path]:
        """The model's folder, where it is one."""
        folder = Path(self.model)
        return {"model": folder} if folder.exists() else {}


class Similarity(Allocator):
    """As many frames as differ to DINOv2; the question is not read.

    The paper compares with such a policy and leaves model, features and mapping open. Ours: cosine similarity
    of uniform frames, and from it the effective number of distinct frames (the exponential of the entropy of
    its eigenvalues).
    """

    settings_type = SimilaritySettings
    snaps = True
    uses_gpu = True

    def __init__(self, settings: SimilaritySettings) -> None:
        from framewise.budgets._features import FeatureReader

        self._settings = settings
        self._reader = FeatureReader(settings.model, device=settings.device, dtype=settings.dtype)

    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield the budgets, clip after clip; questions about one window of a clip share its features.

        Raises:
            FramewiseError: The model's features are not numbers.
        """
        for group in by_media(requests):
            waiting = [request for request in group if request.key not in done]
            if not waiting:
                continue
            try:
                pixels = look(waiting[0], self._settings.frames, self._size(waiting[0])).pixels
            except FramewiseError as error:
                yield from (failure_of(request, error) for request in waiting)
                continue
            wanted = self._count(
                self._reader.read(pixels, self._settings.features, self._settings.batch_size)
            )
            yield from (self._budget(request, wanted, len(pixels)) for request in waiting)

    def _count(self, features: np.ndarray) -> float:
        if not np.isfinite(features).all():
            raise FramewiseError(
                f"model {self._settings.model!r} gives features that are not numbers with "
                f"dtype={self._settings.dtype}: try dtype=float32, or check its weights"
            )
        if self._settings.rule == "deduplicate":
            return count_kept(features, self._settings.threshold, self._settings.window)
        return round(effective_number(features), 3)

    def _size(self, request: Request) -> tuple[int, int] | None:
        """The size that frames are shrunk to as they are decoded; the model's processor does the rest."""
        height, width = request.clip.height, request.clip.width
        scale = self._reader.shortest_edge / min(height, width)
        return (round(height * scale), round(width * scale)) if scale < 1 else None

    def _budget(self, request: Request, wanted: float, looked_at: int) -> Budget:
        measure = "stay after deduplication" if self._settings.rule == "deduplicate" else "differ in effect"
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=math.ceil(wanted),
            allocator="similarity",
            score=round(wanted / looked_at, 6),
            wanted=wanted,
            reason=f"{wanted:g} of {looked_at} frames {measure}",
        )
