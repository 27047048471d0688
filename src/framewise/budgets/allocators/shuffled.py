"""Another table's budgets, dealt to other videos: the control that keeps the histogram, not the choice."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from framewise._errors import UsageError
from framewise.budgets import Allocator, Budget, Key, Request, Settings, open_budgets


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

    @classmethod
    def spreads(cls, settings: ShuffledSettings) -> bool:  # noqa: ARG003
        """No: the deal is one."""
        return False

    def __init__(self, settings: ShuffledSettings) -> None:
        self._settings = settings
        self._budgets = open_budgets(settings.budgets)

    def allocate(self, requests: Sequence[Request], *, done: Collection[Key] = ()) -> Iterator[Budget]:
        """Yield the dealt budgets.

        Raises:
            UsageError: The table's videos are not those of this run.
        """
        keys = [request.key for request in requests]
        if any(a > b for a, b in pairwise(keys)):
            requests = sorted(requests, key=lambda request: request.key)
            keys.sort()
        self._require_same_videos(keys)
        givers = self._deal(requests, keys)
        for key, giver in zip(keys, givers, strict=True):
            if key not in done:
                record_id, media_index = keys[giver]
                yield Budget(
                    record_id=key[0],
                    media_index=key[1],
                    num_frames=self._budgets[keys[giver]].num_frames,
                    allocator="shuffled",
                    reason=f"dealt from medium {media_index} of {record_id}",
                )

    def _deal(self, requests: Sequence[Request], keys: Sequence[Key]) -> NDArray[np.int64]:
        """Whose budget each video gets, by their places among the sorted keys, shape [videos]."""
        numbers: dict[str, int] = {}
        groups = np.zeros(len(keys), np.int64)
        if self._settings.within == "source":
            sources = (numbers.setdefault(request.record.source, len(numbers)) for request in requests)
            groups = np.fromiter(sources, np.int64, len(keys))
        draws = np.frombuffer(b"".join(map(self._draw, keys)), "S32")
        takers = np.argsort(groups, kind="stable")
        givers = np.empty(len(keys), np.int64)
        # Both go through the groups in the same order: the takers of each by their keys, the givers as drawn.
        givers[takers] = np.lexsort((draws, groups))
        return givers

    def _draw(self, key: Key) -> bytes:
        """A random number of the video's own; sorting by it is a uniform permutation."""
        return hashlib.sha256(repr((self._settings.seed, *key)).encode()).digest()

    def _require_same_videos(self, keys: Sequence[Key]) -> None:
        without = [key for key in keys if key not in self._budgets]
        num_left_over = len(self._budgets) - (len(keys) - len(without))
        if without or num_left_over:
            wanted = set(keys)
            example = min(without or (key for key in self._budgets if key not in wanted))
            raise UsageError(
                f"{self._settings.budgets} cannot be dealt to these records: {len(without)} of their "
                f"{len(keys)} videos are not in it, {num_left_over} of its budgets have no video here "
                f"(as medium {example[1]} of {example[0]!r}): allocate both from the same records and clips"
            )
