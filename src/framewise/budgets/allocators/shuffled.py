"""Another table's budgets, dealt to other videos: the control that keeps the histogram, not the choice."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

from framewise._errors import UsageError
from framewise.budgets import Allocator, Budget, Key, Request, Settings, read_budgets


class ShuffledSettings(Settings):
    """Settings of ``shuffled``."""

    budgets: Path
    """Run directory or table whose budgets are dealt; it has to hold exactly the videos of this run."""
    seed: int = 0
    """Which of the permutations."""
    within: Literal["source", "all"] = "all"
    """Deal among the videos of the same source, or among all of them."""


class Shuffled(Allocator):
    """Another table's budgets, dealt to other videos by a seeded permutation.

    A plain random permutation, as in a permutation test: a video may get its own budget back. It depends on
    the ids and the seed alone, so neither the order of the records nor a library's random numbers can change
    it.
    """

    settings_type = ShuffledSettings

    def __init__(self, settings: ShuffledSettings) -> None:
        self._settings = settings
        self._budgets = read_budgets(settings.budgets)

    def allocate(self, requests: Sequence[Request], *, done: Collection[Key] = ()) -> Iterator[Budget]:
        """Yield the dealt budgets.

        Raises:
            UsageError: The table's videos are not those of this run.
        """
        self._require_same_videos(requests)
        givers = self._deal(requests)
        for request in requests:
            giver = givers[request.key]
            if request.key not in done:
                yield Budget(
                    record_id=request.record.id,
                    media_index=request.media_index,
                    num_frames=giver.num_frames,
                    allocator="shuffled",
                    reason=f"dealt from medium {giver.media_index} of {giver.record_id}",
                )

    def _deal(self, requests: Sequence[Request]) -> dict[Key, Budget]:
        groups: dict[str, list[Request]] = {}
        for request in requests:
            name = request.record.source if self._settings.within == "source" else ""
            groups.setdefault(name, []).append(request)
        dealt = {}
        for group in groups.values():
            takers = sorted(request.key for request in group)
            for taker, giver in zip(takers, sorted(takers, key=self._draw), strict=True):
                dealt[taker] = self._budgets[giver]
        return dealt

    def _draw(self, key: Key) -> bytes:
        """A random number of the video's own; sorting by it is a uniform permutation."""
        return hashlib.sha256(repr((self._settings.seed, *key)).encode()).digest()

    def _require_same_videos(self, requests: Sequence[Request]) -> None:
        wanted = {request.key for request in requests}
        without, left_over = wanted - self._budgets.keys(), self._budgets.keys() - wanted
        if without or left_over:
            example = min(without or left_over)
            raise UsageError(
                f"{self._settings.budgets} cannot be dealt to these records: {len(without)} of their "
                f"{len(wanted)} videos are not in it, {len(left_over)} of its budgets have no video here "
                f"(as medium {example[1]} of {example[0]!r}): allocate both from the same records and clips"
            )
