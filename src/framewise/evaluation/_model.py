"""What is evaluated: something that replies to questions about frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from weakref import WeakKeyDictionary

from framewise._errors import FramewiseError
from framewise.clips import Frames
from framewise.evaluation._benchmark import Item
from framewise.records import Turn

if TYPE_CHECKING:
    from framewise.families import Encoded, Family, FamilySettings, Visual


class OutOfMemoryError(FramewiseError):
    """The device has too little memory for a batch; a smaller one may fit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """An item with the frames that were read for it."""

    item: Item
    """As it is asked: the prompt is whole, and an image that is shown as a video is one."""
    frames: tuple[Frames, ...]
    """One entry a medium, in the order of ``item.media``; an image has one frame."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a model said to one question."""

    text: str
    finish_reason: Literal["stop", "length"]
    """``stop``: the model ended its turn; ``length``: it was cut at the longest reply."""
    num_visual_tokens: int | None
    """Placeholder tokens that the media got: they tell when more frames silently meant smaller frames. None: a
    server counts them, and does not say."""


class Model(Protocol):
    """Anything that can be evaluated."""

    @property
    def temporal_multiple(self) -> int:
        """Number that the frames of a video must be a multiple of."""

    def reading(self) -> dict[str, Any]:
        """How media become tokens, stated in the results: plain values by name."""

    def check(self, question: Question) -> None:
        """Refuse a question that this model cannot read.

        Raises:
            FramewiseError: It cannot read it, with the reason.
        """

    def reply(self, batch: Sequence[Question], *, max_new_tokens: int) -> Sequence[Reply | FramewiseError]:
        """One greedy reply a question, in order, or why there is none.

        Raises:
            OutOfMemoryError: The batch is too large.
        """


class FamilyModel:
    """A model of one of the families, asked greedily.

    Args:
        family: The opened family.
    """

    def __init__(self, family: "Family") -> None:
        self._family = family
        self._encoded: WeakKeyDictionary[Question, Encoded] = WeakKeyDictionary()

    @property
    def temporal_multiple(self) -> int:
        """Frames that make one temporal patch of the family."""
        return self._family.temporal_multiple

    def reading(self) -> dict[str, Any]:
        """What the family states."""
        return self._family.reading()

    def check(self, question: Question) -> None:
        """Encode it: sides and lengths that no model of the family reads are errors."""
        self._encoded[question] = self._encode(question)

    def reply(self, batch: Sequence[Question], *, max_new_tokens: int) -> list[Reply]:
        """Encode each question as one user turn and let the family generate.

        Raises:
            OutOfMemoryError: The device has too little memory for the batch.
        """
        import torch

        encoded = [self._encoded.get(question) or self._encode(question) for question in batch]
        try:
            said = self._family.generate(encoded, max_new_tokens=max_new_tokens)
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise OutOfMemoryError(
                f"no memory for a batch of {len(batch)}: fewer pixels, frames or new tokens need less"
            ) from error
        return [
            Reply(text=text, finish_reason=reason, num_visual_tokens=sequence.num_visual_tokens)
            for (text, reason), sequence in zip(said, encoded, strict=True)
        ]

    def _encode(self, question: Question) -> "Encoded":
        return self._family.encode([_turn(question)], _visuals(question), reply=True)


def _turn(question: Question) -> Turn:
    return Turn(role="user", text=question.item.prompt)


def _visuals(question: Question) -> list["Visual"]:
    from framewise.families import Visual

    return [
        Visual(kind=medium.kind, pixels=frames.pixels, times_seconds=frames.times_seconds)
        for medium, frames in zip(question.item.media, question.frames, strict=True)
    ]


@dataclass
class ScriptedModel:
    """Says what a function of the item says: for tests of everything around a model."""

    script: Callable[[Item], str]
    temporal_multiple: int = 1
    batches: list[list[Question]] = field(default_factory=list)
    """Every batch that was asked, in order."""

    def reading(self) -> dict[str, Any]:
        """Nothing: a script reads no media."""
        return {}

    def check(self, question: Question) -> None:
        """It reads anything."""

    def reply(self, batch: Sequence[Question], *, max_new_tokens: int) -> list[Reply]:  # noqa: ARG002
        """The script's text for each question, and one visual token a frame."""
        self.batches.append(list(batch))
        return [
            Reply(
                text=self.script(q.item),
                finish_reason="stop",
                num_visual_tokens=sum(len(f.pixels) for f in q.frames),
            )
            for q in batch
        ]


def open_family_model(folder: Path, settings: "FamilySettings") -> Model:
    """Open the official files below ``folder`` with the family that reads them."""
    from framewise.families import open_family

    return FamilyModel(open_family(folder, settings))
