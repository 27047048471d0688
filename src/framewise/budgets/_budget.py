"""How many frames one video of one record gets, and who decides."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from framewise.clips import Clip
from framewise.records import Media, Record

Key = tuple[str, int]
"""A record's id and which of its media, counted from 0."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A row of ``budgets.jsonl``."""

    record_id: str
    media_index: int
    """Which of the record's media, counted from 0."""
    num_frames: int
    """Frames that the model gets: positive, never above what the clip has."""
    allocator: str
    probabilities: dict[str, float] | None = None
    """Probability of each option, by its number of frames as text; sums to 1."""
    score: float | None = None
    """The allocator's own measure, where it has one."""
    reason: str = ""
    """Why this number, clamps included."""

    def __post_init__(self) -> None:
        if self.num_frames < 1:
            raise ValueError(f"a budget needs at least 1 frame, got {self.num_frames}")

    @property
    def key(self) -> Key:
        """Which video of which record."""
        return self.record_id, self.media_index

    def to_json(self) -> dict[str, Any]:
        """The row of ``budgets.jsonl``."""
        return {k: v for k, v in asdict(self).items() if v is not None}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Budget":
        """Read a row of ``budgets.jsonl``; keys that later versions added are ignored."""
        return cls(**{k: v for k, v in row.items() if k in cls.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Request:
    """One video that needs a budget."""

    record: Record
    media_index: int
    clip: Clip
    """The probed clip; its status is ok."""

    @property
    def key(self) -> Key:
        """Which video of which record."""
        return self.record.id, self.media_index

    @property
    def media(self) -> Media:
        """The video, with the window that the record is about."""
        return self.record.media[self.media_index]


class Settings(BaseModel):
    """Base of every allocator's settings: frozen, an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def inputs(self) -> dict[str, Path]:
        """Files that the wishes depend on, by role: their contents are part of the run's identity."""
        return {name: value for name, value in self if isinstance(value, Path)}


class Allocator(ABC):
    """Decides how many frames each video gets.

    The stage clamps to the frames that the clip has and to the multiple that the family needs; an allocator
    gives its wish. The wish for one request depends on nothing but the settings and the set of requests: not
    on their order, nor on which of them an interrupted run had already decided.
    """

    settings_type: ClassVar[type[Settings]]

    @abstractmethod
    def __init__(self, settings: Any) -> None:
        """Check the settings and open what they name.

        Raises:
            UsageError: A setting cannot be used.
        """

    @abstractmethod
    def allocate(self, requests: Sequence[Request], *, done: Collection[Key] = ()) -> Iterator[Budget]:
        """Yield one budget for each request that is not done, as soon as it is known.

        The order is the allocator's own, so that it can decide together what is cheap together; it is the
        same whatever is done.

        Args:
            requests: Every video of the run, sorted by key.
            done: Keys that an earlier, interrupted run has already decided.

        Raises:
            UsageError: The settings do not fit these requests.
        """
