"""From what an allocator wishes to a number that a run admits: options, even numbers, one for each video."""

import hashlib
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from framewise._errors import UsageError
from framewise.budgets._budget import Budget, Request

Per = Literal["question", "video"]
Wishes = Callable[[], Iterator[tuple[Request, Budget]]]
"""Begins a new pass over what is wished for each request, in the order of the records."""
Numbers = NDArray[np.int64]
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


def round_wishes(wishes: Wishes, rounding: Rounding, multiple_of: int, *, snaps: bool) -> Wishes:
    """Wishes as admitted numbers, in their order; they are read as often as that needs, and none is kept.

    Args:
        wishes: What is wished for each request.
        rounding: Which numbers are admitted.
        multiple_of: Frames that the family reads together.
        snaps: As for ``Rounding.round``.
    """
    if rounding.histogram:
        numbers = match_histogram((wish for _, wish in wishes()), rounding.histogram)
        rounded = partial(_replace, wishes, numbers, "its rank in the histogram")
    else:
        rounded = partial(_round_each, wishes, rounding, multiple_of, snaps)
    if rounding.per == "question":
        return rounded
    return partial(_replace, rounded, _largest(rounded()), "the largest of the questions about this video")


def _round_each(
    wishes: Wishes, rounding: Rounding, multiple_of: int, snaps: bool
) -> Iterator[tuple[Request, Budget]]:
    for request, wish in wishes():
        yield request, rounding.round(wish, multiple_of, snaps=snaps)


def _replace(wishes: Wishes, numbers: Numbers, why: str) -> Iterator[tuple[Request, Budget]]:
    for (request, wish), number in zip(wishes(), numbers, strict=True):
        yield request, _changed(wish, int(number), why)


def match_histogram(wishes: Iterable[Budget], histogram: Sequence[tuple[int, int]]) -> Numbers:
    """Numbers of frames by rank: the smallest wishes get the smallest, in the shares of a histogram.

    Equal wishes are ranked by a digest of their ids, blind to everything else.

    Args:
        wishes: What an allocator wants, N in any order.
        histogram: Pairs of frames and count.

    Returns:
        Shape [N].
    """
    wanted, ties = array("d"), bytearray()
    for wish in wishes:
        wanted.append(wish.num_frames if wish.wanted is None else wish.wanted)
        ties += hashlib.sha256(repr(wish.key).encode()).digest()
    ranked = np.lexsort((np.frombuffer(ties, "S32"), np.asarray(wanted)))
    total, below, start = sum(count for _, count in histogram), 0, 0
    numbers = np.zeros(len(wanted), np.int64)
    for frames, count in sorted(histogram):
        below += count
        # Whole numbers throughout, so that equal shares are equal everywhere.
        end = (2 * below * len(wanted) + total) // (2 * total)
        numbers[ranked[start:end]] = frames
        start = end
    return numbers


def _largest(budgets: Iterable[tuple[Request, Budget]]) -> Numbers:
    """The largest number of all questions about the same video, in the same window of it, shape [N]."""
    numbers, videos = array("q"), bytearray()
    for request, budget in budgets:
        numbers.append(budget.num_frames)
        videos += hashlib.sha256(repr(request.media).encode("utf-8", "surrogatepass")).digest()
    _, which = np.unique(np.frombuffer(videos, "S32"), return_inverse=True)
    largest = np.zeros(len(numbers), np.int64)
    np.maximum.at(largest, which, np.asarray(numbers))
    found: Numbers = largest[which]
    return found


def _changed(wish: Budget, number: int, why: str) -> Budget:
    if number == wish.num_frames:
        return wish
    note = f"{wish.num_frames} becomes {number} ({why})"
    return replace(wish, num_frames=number, reason="; ".join(filter(None, [wish.reason, note])))
