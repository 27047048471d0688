"""What an exporter is, what it is given, and what it says that the other trainer will do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from framewise._errors import UsageError
from framewise.exports._header import Header
from framewise.exports._model import Target
from framewise.records import Media, Record

SIDECAR = "framewise_budgets.jsonl"
"""What each exported video is to give: one row a video."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a model sees of one video, as asked for by a budget or as served by a trainer's own rule."""

    num_frames: int
    indices: tuple[int, ...]
    """Frames of the file, 0-based, in the order in which they are seen."""
    seconds: tuple[float, ...] | None = None
    """Time that the model is told for each frame, from the first one's; None where it is told none."""
    height: int | None = None
    """Pixels after all resizing; None where nothing of the export decides it."""
    width: int | None = None


@dataclass(frozen=True, kw_only=True)
class Video:
    """One video of a sample, in the file that the trainer will read."""

    media_index: int
    path: str
    """As the trainer's data name it: relative to the export, or absolute for a file that stays where it is."""
    source_path: str
    """The record's own, relative to the media root."""
    num_frames: int
    """The budget."""
    duration_seconds: float
    """Of the clip or of the record's window in the original."""
    source_indices: tuple[int, ...]
    """Frames of the original, 0-based."""
    source_times_seconds: tuple[float, ...]
    """Their times in the original."""
    expected: Seen
    start_seconds: float | None = None
    """Window in the file that is read; None where the file is the window."""
    end_seconds: float | None = None

    @property
    def fps(self) -> float:
        """Budgeted frames a second."""
        return self.num_frames / self.duration_seconds


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One record with the files that stand for its media."""

    record: Record
    """As exported: its media have the paths of the export, and no windows where clips are cut."""
    videos: tuple[Video, ...]

    @property
    def num_images(self) -> int:
        """Images of the record."""
        return len(self.record.media) - len(self.videos)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What an export is made for."""

    target: Target
    pixels_per_frame: int | None = None
    """Most pixels of a frame that is not materialised."""
    materialised: bool = False
    """Whether the videos are clips that hold exactly their budget."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a trainer makes of one exported row."""

    record_id: str
    videos: tuple[tuple[str, Seen], ...] = field(default=())
    """Path as the row names it, and what is seen of it, in the order of the text."""
    fault: str = ""
    """Why the trainer cannot take the row, or would take another instead."""


class Exporter(ABC):
    """Writes samples in one trainer's layout, and knows that trainer's rule for frames and times."""

    clips: ClassVar[Literal["required", "optional"]]
    """Whether it honours budgets only with materialised clips."""
    default_model: ClassVar[str]
    """Model that the settings name where the user names none."""
    model_types: ClassVar[tuple[str, ...]]
    """Values of ``model_type`` in ``config.json`` for which the rule is known."""
    stored_fps: ClassVar[float | None] = None
    """Rate at which the trainer needs a clip's container to say that it is; None: the clip's own."""

    def original(self, header: Header, media: Media, num_frames: int, setup: Setup) -> Seen:
        """What is to be seen of a file that stays where it is; for trainers whose ``clips`` are optional.

        Raises:
            UsageError: The trainer needs clips.
            FramewiseError: The file cannot give its budget.
        """
        del header, num_frames, setup
        raise UsageError(f"{type(self).__name__} needs materialised clips, not {media.path}")

    @abstractmethod
    def refuse(self, sample: Sample, setup: Setup) -> str | None:
        """Why the trainer cannot honour this sample; None where it can."""

    @abstractmethod
    def cautions(self, samples: Sequence[Sample], setup: Setup) -> list[str]:
        """What the trainer will not do right, with how many samples it concerns and what to do."""

    @abstractmethod
    def write(self, samples: Sequence[Sample], setup: Setup, folder: Path) -> None:
        """Write the trainer's data and settings below ``folder``."""

    @abstractmethod
    def serve(self, folder: Path, setup: Setup) -> Iterator[Served]:
        """What the trainer makes of the data and settings that lie below ``folder`` now.

        It reads what ``write`` left, opens the header of every file that is named there, and applies the
        trainer's rule. Rows without videos are among them.

        Raises:
            UsageError: A file of the export is missing or cannot be read.
        """
