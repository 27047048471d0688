"""The evaluation vocabulary: Item, Score, Benchmark."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from framewise.evaluation.scorers import Scorer
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
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The official fields, without media: what scorers and metrics read. Empty for a benchmark without scorers."""

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
    prompts: ClassVar[tuple[str, ...]] = ("official",)
    """Wordings that items can be asked in; the first is the default."""
    scorers: ClassVar[Mapping[str, Scorer]] = MappingProxyType({})
    """Sets of rules by name; empty where ``score`` is the only one."""

    @abstractmethod
    def items(self, data_root: Path, *, prompt: str = "official") -> Iterator[Item]:
        """All items, in a fixed order.

        Args:
            data_root: Folder that the official files are in.
            prompt: One of ``prompts``.

        Raises:
            UsageError: Files are missing or malformed; the message names them and says where they are had.
        """

    @abstractmethod
    def score(self, item: Item, prediction: str) -> Score:
        """Read ``prediction`` and compare it with the item's answer."""

    def unpack(self, data_root: Path, items: Sequence[Item]) -> None:  # noqa: B027 (most have nothing to do)
        """Put media that lie inside tables or archives where the items' paths say; what is there is kept.

        Args:
            data_root: Folder that the official files are in.
            items: Those that will be asked.

        Raises:
            UsageError: A table or archive cannot be read.
        """

    def prompt_at(self, item: Item, times_seconds: Sequence[float], data_root: Path) -> str:  # noqa: ARG002
        """The prompt once it is known at which times the frames were taken; most do not depend on them.

        Args:
            item: The question.
            times_seconds: Of the frames of its video, ascending.
            data_root: Folder that the official files are in.
        """
        return item.prompt

    def describe_data(self, data_root: Path) -> dict[str, Any]:  # noqa: ARG002
        """What was read, to be kept with the results; nothing, where no specification says what there is.

        Args:
            data_root: Folder that the official files are in.
        """
        return {}

    def origin(self, data_root: Path) -> str:  # noqa: ARG002
        """A sentence that says where the files are had; empty, where they are had nowhere."""
        return ""
