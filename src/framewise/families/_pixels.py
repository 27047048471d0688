"""Frames to patches with the official processors, at a size that does not depend on the number of frames."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from framewise._errors import UsageError
from framewise.records import MediaKind


def size_limits(processor: Any, most_pixels: int | None, setting: str) -> dict[str, int]:
    """Fewest and most pixels of one frame, as the processor's ``size`` argument names them.

    With ``most_pixels`` the fewest are at most a quarter of it: enlarging rounds each side up to a whole
    block, at most to its double, so a small frame is never enlarged past the limit.

    Raises:
        UsageError: ``most_pixels`` is less than one block of merged patches.
    """
    fewest, most = processor.size["shortest_edge"], processor.size["longest_edge"]
    if most_pixels is None:
        return {"shortest_edge": fewest, "longest_edge": most}
    block = processor.patch_size * processor.merge_size
    if most_pixels < block**2:
        raise UsageError(
            f"{setting}={most_pixels} is less than one block of this model, {block}x{block} pixels"
        )
    return {"shortest_edge": min(fewest, most_pixels // 4), "longest_edge": most_pixels}


class Patcher:
    """The image and video processors of a checkpoint with the sizes of a run.

    Args:
        image_processor: transformers' image processor of the Qwen-VL line.
        video_processor: Its video processor.
        pixels_per_image: Most pixels of an image, or None for the checkpoint's own.
        pixels_per_frame: Most pixels of a video frame, or None for the checkpoint's own.
    """

    def __init__(
        self,
        image_processor: Any,
        video_processor: Any,
        *,
        pixels_per_image: int | None,
        pixels_per_frame: int | None,
    ) -> None:
        self.image_processor = image_processor
        self.video_processor = video_processor
        self._image_size = size_limits(image_processor, pixels_per_image, "pixels_per_image")
        self._frame_size = size_limits(video_processor, pixels_per_frame, "pixels_per_frame")

    def patches(self, kind: MediaKind, pixels: NDArray[np.uint8]) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised patches [P, values] and the grid [1, 3]: groups of frames, rows, columns of patches."""
        frames = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
        if kind == "image":
            out = self.image_processor(
                images=[frames[0]],
                size=self._image_size,
                input_data_format="channels_first",
                return_tensors="pt",
            )
            return out["pixel_values"], out["image_grid_thw"]
        out = self.video_processor(
            videos=[frames],
            size=self._frame_size,
            do_sample_frames=False,
            cap_pixels_per_frame=False,
            input_data_format="channels_first",
            return_tensors="pt",
        )
        return out["pixel_values_videos"], out["video_grid_thw"]

    def frame_size(self, kind: MediaKind, height: int, width: int) -> tuple[int, int]:
        """Height and width of a frame after resizing: whole blocks of merged patches, within the limits."""
        image = kind == "image"
        processor = self.image_processor if image else self.video_processor
        limits = self._image_size if image else self._frame_size
        size: tuple[int, int] = smart_resize(
            height,
            width,
            factor=processor.patch_size * processor.merge_size,
            min_pixels=limits["shortest_edge"],
            max_pixels=limits["longest_edge"],
        )
        return size

    def grid(self, kind: MediaKind, num_frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Groups of frames, rows and columns of patches that ``patches`` gives, without any pixels."""
        processor = self.image_processor if kind == "image" else self.video_processor
        rows, columns = (side // processor.patch_size for side in self.frame_size(kind, height, width))
        return -(-num_frames // processor.temporal_patch_size) if kind == "video" else 1, rows, columns
