"""From what an allocator wishes to a number that a run admits: options, even numbers, one for each video."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from framewise._errors import UsageError
from framewise.budgets._budget import Budget, Key, Request

Per = Literal["question", "video"]
PAPER_OPTIONS = (8, 16, 32, 64)
"""The paper's admissible numbers, appendix A.2."""
CONTINUOUS_RANGE = (4, 64)
"""Smallest and largest number of frames without options: Qwen's processors read no fewer, the paper no more."""


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """Which numbers a run admits.

    Raises:
        UsageError: Options are not increasing positive numbers, or are given with ``continuous``.
    """

    options: tuple[int, ...] = ()
    """Numbers that a wish is snapped up to, increasing; what is above the last becomes the last. Empty: none."""
    continuous: bool = False
    """Whether wishes become any multiple of what the family reads together, from 4 to 64, rounded up."""
    histogram: tuple[tuple[int, int], ...] = ()
    """Numbers of frames with how many videos have each: wishes keep their ranks and get these numbers in these
    shares, so that allocators are compared at equal mean frames. Empty: none."""
    per: Per = "question"
    """``video``: all questions about one video get the largest of their numbers."""

    def __post_init__(self) -> None:
        if (self.continuous, bool(self.options), bool(self.histogram)).count(True) > 1:
            raise UsageError("options, continuous and a histogram exclude each other: give one of them")
        if list(self.options) != sorted({option for option in self.options if option > 0}):
            raise UsageError(
                f"options {', '.join(map(str, self.options))}: give different positive numbers, the smallest first"
            )

    def config(self) -> dict[str, Any]:
        """What was said, for the manifest: a run that says nothing has the settings that it always had."""
        said = {"options": list(self.options), "continuous": self.continuous, "histogram": self.histogram}
        chosen = {key: value for key, value in said.items() if value}
        return chosen | ({"per": self.per} if self.per != "question" else {})

    def round(self, wish: Budget, multiple_of: int, *, snaps: bool) -> Budget:
        """The wish as an admitted number; a change says so.

        Args:
            wish: What the allocator wants.
            multiple_of: Frames that the family reads together.
            snaps: Whether the paper's options hold where nothing was said.
        """
        if self.continuous:
            low, high = CONTINUOUS_RANGE
            wanted = wish.num_frames if wish.wanted is None else wish.wanted
            number = min(max(math.ceil(wanted / multiple_of) * multiple_of, low), high)
            return _changed(wish, number, f"a multiple of {multiple_of} from {low} to {high}")
        options = self.options or (PAPER_OPTIONS if snaps else ())
        if not options:
            return wish
        number = next((option for option in options if option >= wish.num_frames), options[-1])
        return _changed(wish, number, "the next option" if number > wish.num_frames else "the largest option")


def match_histogram(wishes: Sequence[Budget], histogram: Sequence[tuple[int, int]]) -> list[Budget]:
    """Wishes by rank: the smallest get the smallest number of frames, in the shares of a histogram.

    Equal wishes are ranked by a digest of their ids, blind to everything else.

    Args:
        wishes: What an allocator wants, in any order.
        histogram: Pairs of frames and count.
    """
    ranked = sorted(range(len(wishes)), key=lambda i: _rank(wishes[i]))
    total, below, start = sum(count for _, count in histogram), 0, 0
    numbers: dict[int, int] = {}
    for frames, count in sorted(histogram):
        below += count
        # Whole numbers throughout, so that equal shares are equal everywhere.
        end = (2 * below * len(wishes) + total) // (2 * total)
        numbers |= dict.fromkeys(ranked[start:end], frames)
        start = end
    return [_changed(wish, numbers[i], "its rank in the histogram") for i, wish in enumerate(wishes)]


def _rank(wish: Budget) -> tuple[float, bytes]:
    wanted = wish.num_frames if wish.wanted is None else wish.wanted
    return wanted, hashlib.sha256(repr(wish.key).encode()).digest()


def raise_to_video(budgets: Sequence[Budget], requests: Mapping[Key, Request]) -> list[Budget]:
    """Budgets in which all questions about one video, in one window of it, have the largest of theirs."""
    largest: dict[Any, int] = {}
    for budget in budgets:
        media = requests[budget.key].media
        largest[media] = max(largest.get(media, 0), budget.num_frames)
    return [
        _changed(b, largest[requests[b.key].media], "the largest of the questions about this video")
        for b in budgets
    ]


def _changed(wish: Budget, number: int, why: str) -> Budget:
    if number == wish.num_frames:
        return wish
    note = f"{wish.num_frames} becomes {number} ({why})"
    return replace(wish, num_frames=number, reason="; ".join(filter(None, [wish.reason, note])))
