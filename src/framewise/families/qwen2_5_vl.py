"""Qwen2.5-VL (Bai et al. 2025, arXiv 2502.13923): transformers' own model, tokenizer and processors."""

from collections.abc import Sequence

import transformers

from framewise.families._chat import Piece
from framewise.families._family import VisualShape
from framewise.families._positions import time_coordinates
from framewise.families._qwen_vl import QwenVL
from framewise.families._sequence import Medium


class Qwen25VL(QwenVL):
    """Qwen2.5-VL of any size: one block of tokens a video, whose time positions are its seconds."""

    model_types = ("qwen2_5_vl",)
    model_class = transformers.Qwen2_5_VLForConditionalGeneration
    video_processor_class = transformers.Qwen2VLVideoProcessor
    shared_limits = False
    projectors = ("model.visual.merger.",)

    def _arrange(
        self, pieces: Sequence[Piece], shapes: Sequence[VisualShape]
    ) -> tuple[Sequence[Piece], Sequence[Medium]]:
        return pieces, [self._medium(shape) for shape in shapes]

    def _medium(self, shape: VisualShape) -> Medium:
        vision = self.config.vision_config
        times = time_coordinates(
            shape.times_seconds,
            frames_per_group=vision.temporal_patch_size,
            tokens_per_second=vision.tokens_per_second,
        )
        return self._block(shape, times)
