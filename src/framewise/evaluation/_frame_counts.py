"""How many frames of each video the model is to see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from framewise._errors import FramewiseError, UsageError
from framewise._jsonl import read_rows
from framewise.budgets import read_budgets
from framewise.evaluation._benchmark import Item
from framewise.evaluation._item_records import record_id
from framewise.records import SKIPPED

Place = tuple[str, int]
"""A record's id and which of its media, counted from 0."""


@dataclass(frozen=True, kw_only=True)
class FrameCounts:
    """One number for all videos, or what an allocation gave to each."""

    frames: int | None = None
    budgets: Mapping[Place, int] = field(default_factory=dict)
    """Read where ``frames`` is None."""
    skipped: Mapping[Place, str] = field(default_factory=dict)
    """Why the allocation gave a video nothing."""

    def of(self, benchmark: str, item: Item) -> list[int]:
        """Frames wanted of each medium of an item; 1 of an image.

        Raises:
            FramewiseError: The allocation skipped a video of it.
        """
        return [
            1 if medium.kind == "image" else self._of_video((record_id(benchmark, item.item_id), place))
            for place, medium in enumerate(item.media)
        ]

    def _of_video(self, place: Place) -> int:
        if self.frames is not None:
            return self.frames
        if place not in self.budgets:
            raise FramewiseError(f"it has no budget: {self.skipped[place]}")
        return self.budgets[place]


def read_frame_counts(path: Path, items: Mapping[str, Sequence[Item]]) -> FrameCounts:
    """The numbers that an allocation gave to the videos of items.

    Args:
        path: Run directory of ``framewise allocate`` for what ``write_item_records`` wrote, or its table.
        items: What will be asked, by benchmark.

    Raises:
        UsageError: The allocation is not finished, or knows nothing of some videos.
    """
    budgets = {place: budget.num_frames for place, budget in read_budgets(path).items()}
    folder = path if path.is_dir() else path.parent
    skipped = {
        (row["record_id"], row["media_index"]): row["reason"]
        for row in read_rows(folder / SKIPPED)
        if row["record_id"] is not None and row["media_index"] is not None
    }
    videos = [
        (record_id(name, item.item_id), place)
        for name, questions in items.items()
        for item in questions
        for place, medium in enumerate(item.media)
        if medium.kind == "video"
    ]
    unknown = [place for place in videos if place not in budgets and place not in skipped]
    if unknown:
        raise UsageError(
            f"{path} has no budget for {len(unknown)} of {len(videos)} videos (the first: {unknown[0][0]}): write "
            "the items with `framewise records from-benchmark`, same prompt and limit, and allocate over these"
        )
    return FrameCounts(budgets=budgets, skipped=skipped)
