"""Frames to patches with the official processors, at a size that does not depend on the number of frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize
from transformers.models.qwen3_vl.video_processing_qwen3_vl import smart_resize as smart_resize_frames

from framewise._errors import FramewiseError, UsageError
from framewise.records import MediaKind


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Pixels that one image, or one frame, has after resizing."""

    fewest: int
    most: int


def image_limits(processor: Any) -> Limits:
    """A checkpoint's own limits of an image; those of a frame, where its processor counts frame by frame."""
    return Limits(fewest=processor.size["shortest_edge"], most=processor.size["longest_edge"])


def shared_frame_limits(processor: Any) -> Limits:
    """Limits of one frame where the processor's own are those of all frames of a video together (Qwen3-VL).

    A frame may have what the checkpoint gives each frame of the shortest video, one temporal group, but never
    more than upstream's own cap of a frame, ``max_video_tokens`` blocks.
    """
    group = processor.temporal_patch_size
    cap = processor.max_video_tokens * (processor.patch_size * processor.merge_size) ** 2
    return Limits(
        fewest=processor.size["shortest_edge"] // group,
        most=min(processor.size["longest_edge"] // group, cap),
    )


def chosen_limits(own: Limits, most_pixels: int | None, *, block: int, setting: str) -> Limits:
    """Limits of a run.

    With ``most_pixels`` the fewest are at most a quarter of it: enlarging rounds each side up to a whole
    block, at most to its double, so a small frame is never enlarged past the limit.

    Args:
        own: The checkpoint's.
        most_pixels: What the run asks for; None: the checkpoint's own.
        block: Side of a block of merged patches.
        setting: Name of ``most_pixels`` in the message.

    Raises:
        UsageError: ``most_pixels`` is less than one block of merged patches.
    """
    if most_pixels is None:
        return own
    if most_pixels < block**2:
        raise UsageError(
            f"{setting}={most_pixels} is less than one block of this model, {block}x{block} pixels"
        )
    return Limits(fewest=min(own.fewest, most_pixels // 4), most=most_pixels)


class Patcher:
    """The image and video processors of a checkpoint with the sizes of a run.

    Args:
        image_processor: transformers' image processor of the Qwen-VL line.
        video_processor: Its video processor.
        shared_limits: Whether the video processor's limits are those of all frames together.
        pixels_per_image: Most pixels of an image, or None for the checkpoint's own.
        pixels_per_frame: Most pixels of a video frame, or None for the checkpoint's own.
    """

    def __init__(
        self,
        image_processor: Any,
        video_processor: Any,
        *,
        shared_limits: bool,
        pixels_per_image: int | None,
        pixels_per_frame: int | None,
    ) -> None:
        self.image_processor = image_processor
        self.video_processor = video_processor
        self._shared = shared_limits
        frame = shared_frame_limits(video_processor) if shared_limits else image_limits(video_processor)
        blocks = [p.patch_size * p.merge_size for p in (image_processor, video_processor)]
        self._image = chosen_limits(
            image_limits(image_processor), pixels_per_image, block=blocks[0], setting="pixels_per_image"
        )
        self._frame = chosen_limits(frame, pixels_per_frame, block=blocks[1], setting="pixels_per_frame")

    def patches(self, kind: MediaKind, pixels: NDArray[np.uint8]) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised patches [P, values] and the grid [1, 3]: groups of frames, rows, columns of patches.

        Raises:
            FramewiseError: See ``frame_size``.
        """
        self.frame_size(kind, *pixels.shape[1:3])
        frames = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
        if kind == "image":
            out = self.image_processor(
                images=[frames[0]],
                size=_size(self._image, 1),
                input_data_format="channels_first",
                return_tensors="pt",
            )
            return out["pixel_values"], out["image_grid_thw"]
        # Whole groups: a processor with shared limits would give an odd number of frames another size.
        missing = -len(frames) % self.video_processor.temporal_patch_size
        frames = torch.cat([frames, frames[-1:].expand(missing, -1, -1, -1)])
        out = self.video_processor(
            videos=[frames],
            size=_size(self._frame, len(frames) if self._shared else 1),
            do_sample_frames=False,
            cap_pixels_per_frame=False,
            input_data_format="channels_first",
            return_tensors="pt",
        )
        return out["pixel_values_videos"], out["video_grid_thw"]

    def frame_size(self, kind: MediaKind, height: int, width: int) -> tuple[int, int]:
        """Height and width of a frame after resizing: whole blocks of merged patches, within the limits.

        Raises:
            FramewiseError: One side is more than 200 times as long as the other.
        """
        try:
            return self._resized(kind, height, width)
        except ValueError as error:
            raise FramewiseError(
                f"this model cannot read the {kind}, {width}x{height} pixels: its processor takes sides of which "
                "one is at most 200 times as long as the other; crop it or leave it out"
            ) from error

    def _resized(self, kind: MediaKind, height: int, width: int) -> tuple[int, int]:
        limits = self._image if kind == "image" else self._frame
        processor = self.image_processor if kind == "image" else self.video_processor
        block = processor.patch_size * processor.merge_size
        group = processor.temporal_patch_size
        size: tuple[int, int]
        if kind == "video" and self._shared:
            size = smart_resize_frames(
                group, height, width, group, block, limits.fewest * group, limits.most * group
            )
        else:
            size = smart_resize(height, width, block, limits.fewest, limits.most)
        return size

    def grid(self, kind: MediaKind, num_frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Groups of frames, rows and columns of patches that ``patches`` gives, without any pixels.

        Raises:
            FramewiseError: See ``frame_size``.
        """
        processor = self.image_processor if kind == "image" else self.video_processor
        rows, columns = (side // processor.patch_size for side in self.frame_size(kind, height, width))
        return -(-num_frames // processor.temporal_patch_size) if kind == "video" else 1, rows, columns


def _size(limits: Limits, num_frames: int) -> dict[str, int]:
    """Limits as the processors' ``size`` argument names them."""
    return {"shortest_edge": limits.fewest * num_frames, "longest_edge": limits.most * num_frames}
