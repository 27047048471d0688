"""One allocation, as its files say."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from framewise._artifacts import table_of
from framewise._jsonl import read_rows
from framewise.budgets import Budget
from framewise.clips import Clip
from framewise.report._palette import Look, Palette
from framewise.report._run import Run


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """A table of budgets and where its media lie."""

    look: Look
    allocator: str
    """Name of the allocator."""
    budgets: tuple[Budget, ...]
    records: Path
    media_root: Path | None
    """None: the folder of the records."""
    multiple_of: int
    """Frames come in multiples of this."""
    clips: Path
    """Rows of the probe that the budgets are from; they may be gone."""

    @classmethod
    def read(cls, run: Run, palette: Palette) -> "Allocation":
        """Read a finished run of the stage ``allocate``."""
        config, places = run.manifest["config"], run.manifest["places"]
        root = places["media_root"]
        return cls(
            look=palette[run.name],
            allocator=config["allocator"],
            budgets=tuple(Budget.from_json(row) for row in run.rows("budgets.jsonl")),
            records=Path(places["records"]),
            media_root=None if root is None else Path(root),
            multiple_of=config["multiple_of"],
            clips=Path(run.manifest["inputs"]["clips"]["path"]),
        )

    @cached_property
    def histogram(self) -> dict[int, int]:
        """Number of videos by number of frames."""
        return dict(sorted(Counter(budget.num_frames for budget in self.budgets).items()))

    @cached_property
    def by_key(self) -> dict[tuple[str, int], Budget]:
        """Budgets by record id and media index."""
        return {budget.key: budget for budget in self.budgets}

    @cached_property
    def good_frames(self) -> dict[str, int]:
        """Of truncated clips that were allowed, the frames before the damage, by path."""
        rows = table_of(self.clips, "clips.jsonl")
        clips = (Clip.from_json(row) for row in read_rows(rows))
        return {clip.path: clip.good_frames for clip in clips if clip.good_frames is not None}

    @property
    def has_distributions(self) -> bool:
        """Whether the allocator said how probable each option was."""
        return any(budget.probabilities for budget in self.budgets)
