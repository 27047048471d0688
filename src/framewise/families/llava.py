"""LLaVA-1.5 (Liu et al. 2023, arXiv 2310.03744), which reads a video as images whose tokens are pooled."""

from collections.abc import Sequence
from typing import Any

import torch
import transformers

from framewise._errors import UsageError
from framewise.families._clip import channels_first, check_sides, square_window, stored_size, tokens_aside
from framewise.families._context import context_length
from framewise.families._family import Encoded, FamilySettings, ImageGrid, Visual, VisualShape
from framewise.families._generation import Generated, generate_replies
from framewise.families._llava import LlavaFamily
from framewise.families._pooling import POOLED, pooled_features, read_pooled
from framewise.records import MediaKind

_POOLING = 2
"""Least pooling that is chosen where none is set, as in LLaVA-NeXT-Video."""
_MOST_FRAMES, _SHARE = 64, 0.75
"""Largest budget of the paper, and the share of the context that its frames may fill, the rest being text's."""


class Llava(LlavaFamily):
    """LLaVA-1.5 of any size: m frames are m images, each with fewer tokens.

    The model knows no videos and 4096 positions, which 8 frames of 576 tokens overrun. So blocks of
    ``frame_pooling`` by ``frame_pooling`` neighbouring tokens of a frame are averaged after the projector, the
    same for every number of frames. Left out, it is the smallest from 2 on with which 64 frames fill no more
    than three quarters of the context: 4x4 in the released models, 36 tokens a frame. Images keep all their
    tokens. The model was never trained on pooled frames: ``reading`` states the pooling with every result.
    """

    model_types = ("llava",)
    model_class = transformers.LlavaForConditionalGeneration
    processor_class = transformers.LlavaProcessor

    def _adapt(self, model: Any) -> None:
        read_pooled(model.model, self._pooling)

    def _settle(self, settings: FamilySettings) -> FamilySettings:
        side = tokens_aside(self.config)
        self._pooling = settings.frame_pooling or self._pooling_within(
            _SHARE * context_length(self.config), _MOST_FRAMES, least=_POOLING
        )
        if side % self._pooling:
            raise UsageError(
                f"frame_pooling={self._pooling} does not divide the {side} tokens along a frame's side: use "
                f"one of {', '.join(map(str, self._poolings()))}"
            )
        pixels = self._check_pixels(settings)
        return settings.model_copy(
            update={"pixels_per_frame": pixels, "pixels_per_image": pixels, "frame_pooling": self._pooling}
        )

    def _poolings(self) -> list[int]:
        """All that divide a frame's side, the smallest first."""
        side = tokens_aside(self.config)
        return [k for k in range(1, side + 1) if side % k == 0]

    def _pooling_within(self, most_tokens: float, num_frames: int, *, least: int) -> int:
        """The smallest with which so many frames take so few tokens; the largest if none is."""
        allowed = [k for k in self._poolings() if k >= least]
        held = (k for k in allowed if num_frames * self._tokens_of_a_frame(k) <= most_tokens)
        return next(held, self._poolings()[-1])

    def _remedy(self, encoded: Encoded, shapes: Sequence[VisualShape]) -> str:
        num_frames = sum(shape.num_frames for shape in shapes if shape.kind == "video")
        of_frames = num_frames * self._tokens_of_a_frame(self._pooling)
        room = context_length(self.config) - len(encoded) + of_frames
        pooling = self._pooling_within(room, num_frames, least=self._pooling + 1)
        holds = num_frames * self._tokens_of_a_frame(pooling) <= room
        return f", pool them more (frame_pooling={pooling} is enough)" if num_frames and holds else ""

    def _tokens_of_a_frame(self, pooling: int) -> int:
        tokens: int = (tokens_aside(self.config) // pooling) ** 2
        return tokens

    def _placeholder(self, kind: MediaKind) -> int:  # noqa: ARG002
        token: int = self.config.image_token_id
        return token

    def visual_tensors(self, visuals: Sequence[Visual]) -> dict[str, torch.Tensor]:
        """Images and frames in order (see ``Family.visual_tensors``).

        Returns:
            pixel_values [N, 3, S, S] and, unless frames keep all their tokens, pooled_images, bool [N]: which
            of them are frames of a video.
        """
        if not visuals:
            return {}
        frames = [frame for visual in visuals for frame in channels_first(visual.pixels)]
        out = self._processor.image_processor(images=frames, return_tensors="pt")
        tensors: dict[str, torch.Tensor] = {"pixel_values": out["pixel_values"]}
        if self._pooling > 1:
            kinds = [visual.kind for visual in visuals for _ in visual.pixels]
            tensors[POOLED] = torch.tensor([kind == "video" for kind in kinds])
        return tensors

    @torch.inference_mode()
    def generate(self, batch: Sequence[Encoded], *, max_new_tokens: int) -> list[Generated]:
        """Greedy replies (see ``Family.generate``)."""
        inputs: dict[str, Any] = self.collate(batch, pad="left")
        if POOLED in inputs:
            # transformers' generate takes no arguments of ours, but features that are made beforehand.
            pixels, pooled = (inputs.pop(key).to(self.model.device) for key in ("pixel_values", POOLED))
            inputs["mm_encoder_outputs"] = pooled_features(self.model.model, self._pooling, pixels, pooled)
        return generate_replies(self.model, self.tokenizer, inputs, max_new_tokens=max_new_tokens)

    def num_visual_tokens(self, kind: MediaKind, num_frames: int, height: int, width: int) -> int:
        """Placeholder tokens of a medium (see ``Family.num_visual_tokens``)."""
        check_sides(kind, height, width)
        return (
            self._tokens_of_a_frame(1)
            if kind == "image"
            else num_frames * self._tokens_of_a_frame(self._pooling)
        )

    def frame_size(self, kind: MediaKind, height: int, width: int) -> tuple[int, int]:
        """See ``Family.frame_size``."""
        check_sides(kind, height, width)
        return stored_size(self._processor.image_processor, height, width)

    def image_grid(self, height: int, width: int) -> ImageGrid:
        """See ``Family.image_grid``."""
        side = tokens_aside(self.config)
        window = square_window(self._processor.image_processor, height, width)
        return ImageGrid(rows=side, columns=side, window=window)
