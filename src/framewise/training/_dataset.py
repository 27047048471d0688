"""Samples, decoded and encoded as they are needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from framewise._errors import FramewiseError
from framewise._jsonl import Row
from framewise.clips import ClipError, Decoder, read_media
from framewise.families import Encoded, Family, Visual
from framewise.planning import Example
from framewise.records import Turn, skipped_row

SAMPLES, FAILURES = "samples", "failures"
"""Keys of a batch that are not the model's: what its rows are, and what is missing from it."""


@dataclass(frozen=True, kw_only=True)
class SampleFacts:
    """What the trainer counts of one row of a batch."""

    group: str
    """See ``Example.group``."""
    num_visual_tokens: int
    video_frames: tuple[int, ...]
    """Frames of each of its videos, as decoded."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A sample, or why there is none."""

    facts: SampleFacts | None = None
    encoded: Encoded | None = None
    failure: Row | None = None
    """A row of ``skipped.jsonl``."""


class ClipDataset(torch.utils.data.Dataset[Drawn]):
    """Map-style dataset over the order of a run: item i is the i-th sample that is trained on.

    A medium that cannot be decoded, or that the model cannot read, gives an item with its failure: the batch
    goes on without the sample.

    Args:
        examples: What there is.
        order: Indices into ``examples``, shape [draws].
        media_root: Folder that media paths are relative to.
        family: Encodes; needs no model.
        decoder: Reads the videos.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        order: NDArray[Any],
        *,
        media_root: Path,
        family: Family,
        decoder: Decoder,
    ) -> None:
        self._examples, self._order, self._root = examples, order, media_root
        self._family, self._decoder = family, decoder

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> Drawn:
        """Decode and encode one sample."""
        example = self._examples[self._order[index]]
        visuals: list[Visual] = []
        for media_index, (media, wanted) in enumerate(
            zip(example.record.media, example.num_frames, strict=True)
        ):
            try:
                frames = read_media(
                    self._root,
                    media,
                    self._decoder,
                    wanted,
                    multiple_of=self._family.temporal_multiple,
                    good_frames=example.good_frames.get(media_index),
                )
                # Some families read no slivers: better known here than in the middle of a sequence.
                self._family.frame_size(media.kind, *frames.pixels.shape[1:3])
            except FramewiseError as error:
                return Drawn(failure=_failure(example, media_index, error))
            visuals.append(Visual(kind=media.kind, pixels=frames.pixels, times_seconds=frames.times_seconds))
        try:
            encoded = self._family.encode(example.record.turns, visuals)
        except FramewiseError as error:
            return Drawn(failure=_failure(example, None, error))
        facts = SampleFacts(
            group=example.group,
            num_visual_tokens=encoded.num_visual_tokens,
            video_frames=tuple(len(v.pixels) for v in visuals if v.kind == "video"),
        )
        return Drawn(facts=facts, encoded=encoded)


class Collator:
    """Joins samples to a batch of the model's inputs, and says what its rows are.

    A batch whose samples all failed holds a row without labels: it adds nothing to the loss and keeps all
    devices of a distributed run in step.

    Args:
        family: Collates; needs no model.
    """

    def __init__(self, family: Family) -> None:
        self._family = family

    def __call__(self, drawn: Sequence[Drawn]) -> dict[str, Any]:
        rows = [d.encoded for d in drawn if d.encoded is not None]
        if not rows:
            rows = [self._family.encode([Turn(role="user", text="")], [])]
        # Answers end the sequences: padded on the left they line up, and few logits are needed.
        batch: dict[str, Any] = self._family.collate(rows, pad="left")
        batch[SAMPLES] = [d.facts for d in drawn if d.facts is not None]
        batch[FAILURES] = [d.failure for d in drawn if d.failure is not None]
        return batch


def _failure(example: Example, media_index: int | None, error: FramewiseError) -> Row:
    status = error.status if isinstance(error, ClipError) else "unreadable"
    reason = error.reason if isinstance(error, ClipError) else str(error)
    path = None if media_index is None else example.record.media[media_index].path
    return skipped_row(example.record.id, media_index, path, status, reason)
