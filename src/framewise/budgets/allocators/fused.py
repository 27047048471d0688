"""The question and what is seen, together: the paper's appendix C.1, "from text to visual content"."""

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pydantic import Field

from framewise.budgets import Allocator, Budget, Failure, Key, Request, Settings, open_budgets
from framewise.budgets._rounding import PAPER_OPTIONS
from framewise.budgets._votes import log_choice, log_frames


class FusedSettings(Settings):
    """Settings of ``fused``."""

    question: Path
    """Run directory or table of what the questions demand, as ``instruction`` makes it."""
    visual: Path
    """Run directory or table of what the clips show, as ``similarity`` or ``motion`` makes it."""
    strength: float = Field(default=0.5, ge=0, le=0.5)
    """Most that the clip may pull the number towards its own; up to a half a more demanding question never
    gets fewer frames for the same clip."""


class Fused(Allocator):
    """A still clip lowers a demanding question's budget, a busy one raises it.

    With q the log2 of the frames that the question demands, v that of the frames that differ in the clip, and d from
    0 to 1 how demanding the question is between 8 and 64 frames, log2 m = q + strength * d * (v - q). A question
    that demands nothing keeps its number whatever the clip shows.
    """

    settings_type = FusedSettings
    snaps = True

    def __init__(self, settings: FusedSettings) -> None:
        self._strength = settings.strength
        self._question, self._visual = open_budgets(settings.question), open_budgets(settings.visual)

    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield the numbers that both tables make."""
        for request in requests:
            if request.key not in done:
                yield self._budget(request)

    def _budget(self, request: Request) -> Budget | Failure:
        absent = [
            name
            for name, table in (("question", self._question), ("visual", self._visual))
            if request.key not in table
        ]
        if absent:
            return Failure(
                record_id=request.record.id,
                media_index=request.media_index,
                status="no_votes",
                reason=f"it is not in the table of {' and '.join(absent)}: allocate both from the same records",
            )
        asked, seen = self._question[request.key], self._visual[request.key]
        demand, shown = log_choice(asked), log_frames(seen)
        wanted = round(2.0 ** fuse(demand, shown, self._strength), 4)
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=math.ceil(wanted),
            allocator="fused",
            wanted=wanted,
            details={"question": round(2.0**demand, 4), "visual": round(2.0**shown, 4)},
            reason=f"the question demands {2.0**demand:.1f}, the clip shows {2.0**shown:.1f}: {wanted:.1f}",
        )


def fuse(demand: float, shown: float, strength: float) -> float:
    """The rule of ``Fused``, all in log2 of frames.

    >>> fuse(6.0, 3.0, 0.5), fuse(3.0, 6.0, 0.5), fuse(4.5, 6.0, 0.5)
    (4.5, 3.0, 4.875)
    """
    low, high = math.log2(PAPER_OPTIONS[0]), math.log2(PAPER_OPTIONS[-1])
    demanding = min(max((demand - low) / (high - low), 0.0), 1.0)
    return demand + strength * demanding * (shown - demand)
