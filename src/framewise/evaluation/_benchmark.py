"""The evaluation vocabulary: Item, Score, Benchmark."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from framewise.records import Media, marker_kinds

Modality = Literal["image", "video"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question of a benchmark.

    Raises:
        ValueError: Markers in the prompt and media differ, or the chance is not a probability.
    """

    item_id: str
    """Unique within the benchmark."""
    subtask: str
    cluster: str
    """The video or image that the item is about: items of one cluster are not independent."""
    media: tuple[Media, ...]
    """Paths are relative to the data root."""
    prompt: str
    """What the model is asked, with a marker for each medium; free of the answer."""
    answer: str
    """The gold text: a model that says exactly this scores 1."""
    chance: float
    """Expected score of blind guessing, 0 to 1."""
    choices: tuple[str, ...] = ()
    """The texts to choose from, the answer among them; empty for an open question."""

    def __post_init__(self) -> None:
        marked = marker_kinds(self.prompt)
        needed = [medium.kind for medium in self.media]
        if marked != needed:
            raise ValueError(
                f"the prompt marks {marked} but the item's media need {needed}: "
                "each medium needs one marker, in order"
            )
        if not 0.0 <= self.chance <= 1.0:
            raise ValueError(f"chance must be from 0 to 1, got {self.chance}")


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a prediction was read as, and what that is worth.

    Raises:
        ValueError: The value is outside 0 to 1, or something was earned without an answer.
    """

    value: float
    """0 to 1."""
    parsed: str | None
    """The answer read out of the text; None where there was none to read."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ValueError(f"a score must be from 0 to 1, got {self.value}")
        if self.parsed is None and self.value > 0.0:
            raise ValueError(f"a text without an answer cannot score {self.value}")


class Benchmark(ABC):
    """Reads items from official files and scores texts with pure functions. It knows no model family."""

    modality: ClassVar[Modality]

    @abstractmethod
    def items(self, data_root: Path) -> Iterator[Item]:
        """All items, in a fixed order.

        Raises:
            UsageError: Files are missing or malformed; the message names them and says where they are had.
        """

    @abstractmethod
    def score(self, item: Item, prediction: str) -> Score:
        """Read ``prediction`` and compare it with the item's answer."""
