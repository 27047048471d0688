"""Frames and images as a CLIP tower reads them: squares of one size, out of the official processors."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from framewise._errors import FramewiseError, UsageError
from framewise.records import MediaKind

_LONGEST = 200


def check_tower(config: Any, name: str) -> None:
    """Refuse LLaVA checkpoints whose visual tokens are not those of a CLIP tower without its class token.

    Raises:
        UsageError: It has another tower, or keeps the class token.
    """
    tower, strategy = config.vision_config.model_type, config.vision_feature_select_strategy
    if (tower, strategy) != ("clip_vision_model", "default"):
        raise UsageError(
            f"{name} has the vision tower {tower!r} with feature selection {strategy!r}; the LLaVA families "
            "read 'clip_vision_model' with 'default'"
        )


def tokens_aside(config: Any) -> int:
    """Visual tokens along a side of an unpooled square."""
    vision = config.vision_config
    side: int = vision.image_size // vision.patch_size
    return side


def check_pixels(setting: str, most: int | None, config: Any) -> None:
    """Refuse a limit of pixels that a tower of one size cannot keep.

    Raises:
        UsageError: The limit is less than the tower's square.
    """
    side = config.vision_config.image_size
    if most is not None and most < side**2:
        raise UsageError(
            f"{setting}={most}: this model reads squares of {side}x{side} = {side**2} pixels and no smaller ones; "
            "leave the setting out"
        )


def check_sides(kind: MediaKind, height: int, width: int) -> None:
    """Refuse slivers: their shorter side would be enlarged to the tower's, and all but a spot cropped away.

    Raises:
        FramewiseError: One side is more than 200 times as long as the other, as in the Qwen-VL line.
    """
    if max(height, width) > _LONGEST * min(height, width):
        raise FramewiseError(
            f"a {kind} of {width}x{height} pixels cannot be read by this model, of whose sides one may be at most "
            f"{_LONGEST} times as long as the other: crop it or leave it out"
        )


def channels_first(pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Frames [F, H, W, 3] as the processors read them: uint8 [F, 3, H, W]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)


def stored_size(processor: Any, height: int, width: int) -> tuple[int, int]:
    """Height and width that lose nothing before the processor crops its square out of the middle.

    The shorter side gets the length that the processor would give it; a smaller frame stays as it is, for
    enlarging is left to the processor. So does any frame of a processor that pads or ignores proportions.
    """
    shortest = processor.size.get("shortest_edge")
    if shortest is None or getattr(processor, "do_pad", False) or min(height, width) <= shortest:
        return height, width
    if height <= width:
        return shortest, int(shortest * width / height)
    return int(shortest * height / width), shortest


def square_window(processor: Any, height: int, width: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the square that the tower reads of a picture, in fractions of its sides.

    Cropped out of the middle it lies within the picture, padded it reaches beyond. A processor that ignores
    proportions reads the whole.
    """
    shortest = processor.size.get("shortest_edge")
    if getattr(processor, "do_pad", False):
        side = float(max(height, width))
    elif shortest is not None and processor.do_center_crop:
        side = min(height, width) * processor.crop_size["height"] / shortest
    else:
        return 0.0, 0.0, 1.0, 1.0
    left, top = (1 - side / width) / 2, (1 - side / height) / 2
    return left, top, 1 - left, 1 - top
