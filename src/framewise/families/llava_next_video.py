"""LLaVA-NeXT-Video (Zhang et al. 2024, llava-vl.github.io/blog/2024-04-30-llava-next-video)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from framewise._errors import UsageError
from framewise.families._clip import channels_first, check_sides, stored_size, tokens_aside
from framewise.families._family import FamilySettings, Visual
from framewise.families._llava import LlavaFamily
from framewise.records import MediaKind


class LlavaNextVideo(LlavaFamily):
    """LLaVA-NeXT-Video of any size: frames pooled 2x2 by the model itself, images as tiles (AnyRes).

    The model reads a stack of videos with one number of frames each. Its tower, pooling and projector treat
    every frame by itself, so a batch goes in as videos of one frame: the same features, and no number of
    frames that all videos must share.
    """

    model_types = ("llava_next_video",)
    model_class = transformers.LlavaNextVideoForConditionalGeneration
    processor_class = transformers.LlavaNextVideoProcessor

    def _adapt(self, model: Any) -> None:
        model.config.image_grid_pinpoints = self.config.image_grid_pinpoints

    def _settle(self, settings: FamilySettings) -> FamilySettings:
        own = self.config.spatial_pool_stride
        if settings.frame_pooling not in (None, own):
            raise UsageError(
                f"frame_pooling={settings.frame_pooling}: this model was trained to pool its frames by {own}; "
                "leave the setting out"
            )
        pixels = self._check_pixels(settings)
        self._own_tilings = self.config.image_grid_pinpoints
        tilings = self._tilings_within(settings.pixels_per_image)
        self.config.image_grid_pinpoints = tilings
        self._processor.image_processor.image_grid_pinpoints = tilings
        most = max(height * width for height, width in tilings)
        return settings.model_copy(
            update={"pixels_per_frame": pixels, "pixels_per_image": most, "frame_pooling": own}
        )

    def _tilings_within(self, most_pixels: int | None) -> list[list[int]]:
        """Sizes, in pixels, among which an image gets the one that fits it best."""
        kept = [t for t in self._own_tilings if most_pixels is None or t[0] * t[1] <= most_pixels]
        if not kept:
            least = min(height * width for height, width in self._own_tilings)
            raise UsageError(
                f"pixels_per_image={most_pixels}: the smallest tiling of an image has {least} pixels"
            )
        return kept

    def _placeholder(self, kind: MediaKind) -> int:
        token: int = self.config.image_token_id if kind == "image" else self.config.video_token_id
        return token

    def visual_tensors(self, visuals: Sequence[Visual]) -> dict[str, torch.Tensor]:
        """Frames and tiles (see ``Family.visual_tensors``).

        Returns:
            pixel_values [tiles, 3, S, S] and image_sizes [images, 2] where there are images,
            pixel_values_videos [frames, 1, 3, S, S] where there are videos.
        """
        tensors: dict[str, list[torch.Tensor]] = {}
        for visual in visuals:
            frames = channels_first(visual.pixels)
            if visual.kind == "video":
                new = {"pixel_values_videos": self._frames(frames)}
            else:
                out = self._processor.image_processor(images=[frames[0]], return_tensors="pt")
                new = {"pixel_values": out["pixel_values"][0], "image_sizes": out["image_sizes"]}
            for key, value in new.items():
                tensors.setdefault(key, []).append(value)
        return {key: torch.cat(values) for key, values in tensors.items()}

    def _frames(self, frames: torch.Tensor) -> torch.Tensor:
        out = self._processor.video_processor(videos=[frames], do_sample_frames=False, return_tensors="pt")
        pixels: torch.Tensor = out["pixel_values_videos"]
        return pixels.transpose(0, 1)

    def num_visual_tokens(self, kind: MediaKind, num_frames: int, height: int, width: int) -> int:
        """Placeholder tokens of a medium of this size (see ``Family.num_visual_tokens``)."""
        check_sides(kind, height, width)
        if kind == "video":
            side: int = tokens_aside(self.config) // self.config.spatial_pool_stride
            return num_frames * side**2
        counts: Any = self._processor._get_num_multimodal_tokens(image_sizes=[(height, width)])
        number: int = counts["num_image_tokens"][0]
        return number

    def frame_size(self, kind: MediaKind, height: int, width: int) -> tuple[int, int]:
        """See ``Family.frame_size``; images stay as they are, for their tiling depends on their size."""
        check_sides(kind, height, width)
        if kind == "image":
            return height, width
        return stored_size(self._processor.video_processor, height, width)

    def save(self, folder: Path) -> None:
        """Write the official files, with the checkpoint's own tilings."""
        parts = (self.model.config, self._processor.image_processor)
        chosen = self.config.image_grid_pinpoints
        for part in parts:
            part.image_grid_pinpoints = self._own_tilings
        super().save(folder)
        for part in parts:
            part.image_grid_pinpoints = chosen
