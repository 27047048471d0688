"""What each example takes: tokens, positions of its labels, patches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._jsonl import Row
from framewise.families import Family, VisualShape
from framewise.planning._architecture import Architecture
from framewise.planning._example import Example
from framewise.planning._shapes import Shaper
from framewise.records import MediaKind, skipped_row

_IGNORED = -100


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One example as training will encode it."""

    record_id: str
    group: str
    """Its largest budget, ``image`` or ``text``; see ``Example.group``."""
    num_frames: tuple[int, ...]
    """One entry a medium, as decoding will give them."""
    visual_tokens: int
    length: int
    """Tokens of the whole sequence."""
    learned: NDArray[np.int32]
    """Places that a logit is computed for, counted from the sequence's end: sequences are padded on the
    left, so equal numbers share a column of a batch."""
    patches: int
    """Patches that the vision tower reads."""
    patch_pairs: int
    """Pairs of patches that attend to each other in one of its layers: those of the same frames."""

    @property
    def text_tokens(self) -> int:
        """Tokens that stand for no pixels: text, its layout, marks around media and written timestamps."""
        return self.length - self.visual_tokens

    def to_json(self) -> Row:
        """A row of ``samples.jsonl``."""
        return {
            "record_id": self.record_id,
            "budget": self.group,
            "num_frames": list(self.num_frames),
            "visual_tokens": self.visual_tokens,
            "text_tokens": self.text_tokens,
            "length": self.length,
        }


class Sampler:
    """Encodes examples without their pixels.

    Args:
        family: Lays sequences out; needs no model.
        architecture: Its sizes.
        shaper: Knows the sizes of the media.
    """

    def __init__(self, family: Family, architecture: Architecture, shaper: Shaper) -> None:
        self._family, self._architecture, self._shaper = family, architecture, shaper
        self._patches = cache(self._count_patches)

    def samples(self, examples: Sequence[Example]) -> Iterator[Sample | Row]:
        """One sample an example, or its row of ``skipped.jsonl``."""
        for example in examples:
            shapes = self._shaper.shapes(example)
            if isinstance(shapes, dict):
                yield shapes
                continue
            try:
                yield self._sample(example, shapes)
            except FramewiseError as error:
                # As in training: a medium or a sequence that the model cannot read.
                yield skipped_row(example.record.id, None, None, "unreadable", str(error))

    def _sample(self, example: Example, shapes: list[VisualShape]) -> Sample:
        encoded = self._family.lay_out(example.record.turns, shapes)
        counts = [self._patches(s.kind, s.num_frames, s.height, s.width) for s in shapes]
        learned = np.flatnonzero(encoded.labels.numpy()[1:] != _IGNORED) + 1
        return Sample(
            record_id=example.record.id,
            group=example.group,
            num_frames=tuple(s.num_frames for s in shapes),
            visual_tokens=encoded.num_visual_tokens,
            length=len(encoded),
            learned=(len(encoded) - learned).astype(np.int32),
            patches=sum(patches for patches, _ in counts),
            patch_pairs=sum(pairs for _, pairs in counts),
        )

    def _count_patches(self, kind: MediaKind, num_frames: int, height: int, width: int) -> tuple[int, int]:
        size = self._family.frame_size(kind, height, width)
        model = self._architecture
        a_group = model.num_patches(model.patch[0], *size)
        patches = model.num_patches(num_frames, *size)
        if kind == "image" and model.image_size:
            # Some families cut an image into tiles, and keep every token that stands for a part of it.
            patches = max(patches, self._family.num_visual_tokens(kind, 1, height, width))
        return patches, patches * a_group
