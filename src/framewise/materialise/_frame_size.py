"""The size at which frames are stored."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from framewise._errors import UsageError

DEFAULT_PIXELS = 768 * 28 * 28
"""Most pixels of a frame where nobody says: the limit in the processors of the Qwen2-VL and Qwen2.5-VL releases."""
DEFAULT_SIDE_MULTIPLE = 28
"""Pixels of a block of merged patches in the same models; 32 in Qwen3-VL."""


@dataclass(frozen=True, kw_only=True)
class FrameSize:
    """How frames are resized; can be sent to a worker.

    Raises:
        UsageError: The numbers leave no size, or contradict each other.
    """

    model: str | None = None
    """Folder or hub name of the model whose family says the size; its weights are not read."""
    pixels_per_frame: int | None = None
    """Most pixels of a frame. None: with a model the checkpoint's own, else ``DEFAULT_PIXELS``."""
    side_multiple: int | None = None
    """Both sides are multiples of this, which is even. Only without a model; None: 28."""

    def __post_init__(self) -> None:
        if self.model is not None:
            if self.side_multiple is not None:
                raise UsageError(
                    "a model has its own multiple of a side: leave out --side-multiple or --model"
                )
            return
        pixels, multiple = self._limits()
        if multiple < 2 or multiple % 2:
            raise UsageError(f"side_multiple={multiple}: H.264 stores even sides, so it must be even")
        if pixels < multiple**2:
            raise UsageError(
                f"pixels_per_frame={pixels} is less than one block of {multiple}x{multiple} pixels"
            )

    @property
    def temporal_multiple(self) -> int:
        """Frames that the model reads together; 2, as in the Qwen-VL models, where none is named."""
        return 2 if self.model is None else int(_family(self.model, self.pixels_per_frame).temporal_multiple)

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width at which a frame of this size is stored.

        Raises:
            FramewiseError: The model does not take frames of such a shape.
        """
        if self.model is None:
            return largest_size(height, width, *self._limits())
        stored: tuple[int, int] = _family(self.model, self.pixels_per_frame).frame_size(
            "video", height, width
        )
        if any(side % 2 for side in stored):
            raise UsageError(f"{self.model} reads frames of {stored}: H.264 stores even sides only")
        return stored

    def _limits(self) -> tuple[int, int]:
        pixels, multiple = self.pixels_per_frame, self.side_multiple
        return (
            DEFAULT_PIXELS if pixels is None else pixels,
            DEFAULT_SIDE_MULTIPLE if multiple is None else multiple,
        )


def largest_size(height: int, width: int, most_pixels: int, multiple: int) -> tuple[int, int]:
    """The size nearest to the frame's own whose sides are multiples and whose pixels are within the limit.

    Frames are made smaller, never larger than rounding needs. This is ``smart_resize`` of the Qwen-VL
    processors without their lower limit (transformers 5.23, ``image_processing_qwen2_vl.py``), except that a
    very long frame is cut to the limit as well.

    >>> largest_size(720, 1280, 50176, 28)
    (168, 280)
    >>> largest_size(64, 64, 50176, 28)
    (56, 56)
    """
    sides = [max(1, round(side / multiple)) for side in (height, width)]
    blocks = most_pixels // multiple**2
    if sides[0] * sides[1] > blocks:
        shrink = (height * width / most_pixels) ** 0.5
        sides = [max(1, int(side / shrink / multiple)) for side in (height, width)]
        sides = [min(sides[0], blocks // min(sides)), min(sides[1], blocks // min(sides))]
    return sides[0] * multiple, sides[1] * multiple


@cache
def _family(model: str, pixels_per_frame: int | None) -> Any:
    """Opened once in each process: it takes seconds."""
    from framewise.families import FamilySettings, open_family

    return open_family(model, FamilySettings(pixels_per_frame=pixels_per_frame), with_model=False)
