"""Qwen3-VL (Qwen team 2025, arXiv 2511.21631): transformers' own model, tokenizer and processors."""

from collections.abc import Sequence

import numpy as np
import transformers

from framewise.families._chat import Piece
from framewise.families._family import VisualShape
from framewise.families._qwen_vl import QwenVL
from framewise.families._sequence import Medium
from framewise.families._timestamps import group_times, timestamps

_STILL = np.zeros(1)


class Qwen3VL(QwenVL):
    """Qwen3-VL of any size: a video is a row of still blocks, with the time of each in words before it.

    The wording is upstream's: ``<1.5 seconds>``, the mean time of the frames of a temporal group, then the
    group between the tokens that begin and end vision. Nothing stands around the whole video, as in the
    processor of the release (transformers 4.57) and vLLM; transformers 5.23 leaves a second pair of these
    tokens there where the chat template writes one.
    """

    model_types = ("qwen3_vl",)
    model_class = transformers.Qwen3VLForConditionalGeneration
    video_processor_class = transformers.Qwen3VLVideoProcessor
    shared_limits = True
    projectors = ("model.visual.merger.", "model.visual.deepstack_merger_list.")

    def _arrange(
        self, pieces: Sequence[Piece], shapes: Sequence[VisualShape]
    ) -> tuple[Sequence[Piece], Sequence[Medium]]:
        arranged: list[Piece] = []
        media: list[Medium] = []
        waiting = iter(shapes)
        for piece in pieces:
            if piece.kind != "medium":
                arranged.append(piece)
                continue
            shape = next(waiting)
            for words in self._words(shape):
                arranged += [Piece("message", words), piece]
                media.append(self._block(shape, _STILL))
        return arranged, media

    def _words(self, shape: VisualShape) -> list[str]:
        """What stands before each temporal group; an image is one group without words."""
        if shape.kind == "image":
            return [""]
        frames_per_group = self.config.vision_config.temporal_patch_size
        return [
            f"<{time} seconds>" for time in timestamps(group_times(shape.times_seconds, frames_per_group))
        ]
