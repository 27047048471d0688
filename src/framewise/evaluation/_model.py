"""What is evaluated: something that replies to questions about frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from framewise._errors import FramewiseError
from framewise.clips import Frames
from framewise.evaluation._benchmark import Item
from framewise.records import Turn

if TYPE_CHECKING:
    from framewise.families import Family, FamilySettings


@dataclass(frozen=True, kw_only=True)
class Question:
    """An item with the frames that were read for it."""

    item: Item
    frames: tuple[Frames, ...]
    """One entry a medium, in the order of ``item.media``; an image has one frame."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a model said to one question."""

    text: str
    num_visual_tokens: int
    """Placeholder tokens that the media got: they tell when more frames silently meant smaller frames."""


class Model(Protocol):
    """Anything that can be evaluated."""

    @property
    def temporal_multiple(self) -> int:
        """Number that the frames of a video must be a multiple of."""

    def reply(self, batch: Sequence[Question], *, max_new_tokens: int) -> list[Reply]:
        """One greedy reply a question, in order."""


class FamilyModel:
    """A model of one of the families, asked greedily.

    Args:
        family: The opened family.
    """

    def __init__(self, family: "Family") -> None:
        self._family = family

    @property
    def temporal_multiple(self) -> int:
        """Frames that make one temporal patch of the family."""
        return self._family.temporal_multiple

    def reply(self, batch: Sequence[Question], *, max_new_tokens: int) -> list[Reply]:
        """Encode each question as one user turn and let the family generate.

        Raises:
            FramewiseError: The device has too little memory for the batch.
        """
        import torch

        from framewise.families import Visual

        encoded = []
        for question in batch:
            visuals = [
                Visual(kind=medium.kind, pixels=frames.pixels, times_seconds=frames.times_seconds)
                for medium, frames in zip(question.item.media, question.frames, strict=True)
            ]
            turn = Turn(role="user", text=question.item.prompt)
            encoded.append(self._family.encode([turn], visuals, reply=True))
        try:
            texts = self._family.generate(encoded, max_new_tokens=max_new_tokens)
        except torch.OutOfMemoryError as error:
            raise FramewiseError(
                f"no memory for a batch of {len(batch)} items: run again with a smaller batch size "
                "or fewer pixels; finished items are kept"
            ) from error
        return [
            Reply(text=text, num_visual_tokens=sequence.num_visual_tokens)
            for text, sequence in zip(texts, encoded, strict=True)
        ]


@dataclass
class ScriptedModel:
    """Says what a function of the item says: for tests of everything around a model."""

    script: Callable[[Item], str]
    temporal_multiple: int = 1
    batches: list[list[Question]] = field(default_factory=list)
    """Every batch that was asked, in order."""

    def reply(self, batch: Sequence[Question], *, max_new_tokens: int) -> list[Reply]:  # noqa: ARG002
        """The script's text for each question, and one visual token a frame."""
        self.batches.append(list(batch))
        return [
            Reply(text=self.script(q.item), num_visual_tokens=sum(len(f.pixels) for f in q.frames))
            for q in batch
        ]


def open_family_model(folder: Path, settings: "FamilySettings") -> Model:
    """Open the official files below ``folder`` with the family that reads them."""
    from framewise.families import open_family

    return FamilyModel(open_family(folder, settings))
