"""How many frames one video of one record gets, and who decides."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from framewise.clips import Clip
from framewise.records import Media, Record

_MOST_MEDIA = 1 << 31
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
    wanted: float | None = None
    """Frames wanted before they were made a whole number, where the allocator knows a fraction."""
    details: dict[str, float] | None = None
    """What the number was made of, by name: votes, curves, measures."""
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
        return {k: v for k, v in vars(self).items() if v is not None}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Budget":
        """Read a row of ``budgets.jsonl``; keys that later versions added are ignored.

        Raises:
            TypeError: A key is missing.
            ValueError: It names no medium, or has no frames.
        """
        found = cls(**{k: v for k, v in row.items() if k in cls.__dataclass_fields__})
        if not isinstance(found.record_id, str) or found.media_index not in range(_MOST_MEDIA):
            raise ValueError("'record_id' is a text and 'media_index' a whole number from 0")
        return found


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A video for which an allocator could find no number; it becomes a row of ``skipped.jsonl``."""

    record_id: str
    media_index: int
    status: str
    """Name of the fault."""
    reason: str
    """What was found and what to do, for people."""

    @property
    def key(self) -> Key:
        """Which video of which record."""
        return self.record_id, self.media_index


@dataclass(frozen=True, kw_only=True)
class Request:
    """One video that needs a budget."""

    record: Record
    media_index: int
    clip: Clip
    """The probed clip; its status is ok."""
    media_root: Path = Path()
    """Folder that the paths of media are relative to, for allocators that look at frames."""

    @property
    def key(self) -> Key:
        """Which video of which record."""
        return self.record.id, self.media_index

    @property
    def media(self) -> Media:
        """The video, with the window that the record is about."""
        return self.record.media[self.media_index]

    @property
    def seconds(self) -> float:
        """Duration of that window, as far as the clip reaches; without a window the clip's."""
        start, end = self.media.start_seconds or 0.0, self.media.end_seconds
        duration = self.clip.duration_seconds
        return max(0.0, (duration if end is None else min(end, duration)) - start)


class Settings(BaseModel):
    """Base of every allocator's settings: frozen, an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def inputs(self) -> dict[str, Path]:
        """Files that the wishes depend on, by role: their contents are part of the run's identity.

        A role is the name of the setting, with ``/`` and a number behind it where a setting names several.
        """
        found: dict[str, Path] = {}
        for name, value in self:
            if isinstance(value, Path):
                found[name] = value
            elif isinstance(value, tuple):
                found |= {f"{name}/{i}": item for i, item in enumerate(value) if isinstance(item, Path)}
        return found


class Allocator(ABC):
    """Decides how many frames each video gets.

    The stage clamps to the frames that the clip has and to the multiple that the family needs; an allocator
    gives its wish. The wish for one request depends on nothing but the settings and the set of requests: not
    on their order, nor on which of them an interrupted run had already decided.
    """

    settings_type: ClassVar[type[Settings]]
    snaps: ClassVar[bool] = False
    """Whether its wishes are fractions that become the next larger option, unless a run says otherwise."""
    uses_gpu: ClassVar[bool] = False
    """Whether a GPU makes it faster: each of Ray's workers gets one then, where there are any."""

    @classmethod
    def spreads(cls, settings: Any) -> bool:  # noqa: ARG003
        """Whether several workers are faster than one; no for what is one computation over all requests."""
        return True

    @abstractmethod
    def __init__(self, settings: Any) -> None:
        """Check the settings and open what they name.

        Raises:
            UsageError: A setting cannot be used.
        """

    @abstractmethod
    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield one budget or failure for each request that is not done, as soon as it is known.

        The order is the allocator's own, so that it can decide together what is cheap together; it is the
        same whatever is done. A failure is not done: a run that goes on tries it again.

        Args:
            requests: Every video of the run, sorted by key.
            done: Keys that an earlier, interrupted run has already decided.

        Raises:
            UsageError: The settings do not fit these requests.
        """

    def shares(self, requests: Sequence[Request], num_shares: int) -> Iterable[int]:
        """Which of several workers decides each request, in order: numbers from 0 to ``num_shares`` - 1.

        Each worker is given all requests, and those of the others as done; so this changes nothing but the time.
        What an allocator decides together should be in one share: here all questions about a video.
        """
        for request in requests:
            digest = hashlib.sha256(request.media.path.encode("utf-8", "surrogatepass")).digest()
            yield int.from_bytes(digest[:8]) % num_shares
