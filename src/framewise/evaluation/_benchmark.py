"""The evaluation vocabulary: Item, Score, Benchmark."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from framewise.records import Media


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question of a benchmark."""

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


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a prediction was read as, and what that is worth."""

    value: float
    """0 to 1."""
    parsed: str | None
    """The answer read out of the text; None where there was none to read."""


class Benchmark(ABC):
    """Reads items from official files and scores texts with pure functions. It knows no model family."""

    modality: ClassVar[Literal["image", "video"]]

    @abstractmethod
    def items(self, data_root: Path) -> Iterator[Item]:
        """All items, in a fixed order.

        Raises:
            UsageError: Files are missing or malformed; the message names them and says where they are had.
        """

    @abstractmethod
    def score(self, item: Item, prediction: str) -> Score:
        """Read ``prediction`` and compare it with the item's answer."""
