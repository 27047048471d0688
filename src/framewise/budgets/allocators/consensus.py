"""A vote of other allocators: the paper's appendix C.1, "multi-model decision-making"."""

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveFloat, model_validator

from framewise._errors import UsageError
from framewise.budgets import Allocator, Budget, Failure, Key, Request, Settings, open_budgets
from framewise.budgets._truth import read_truth
from framewise.budgets._votes import fit_weights, log_choice, weighted_median


def _split_commas(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


class ConsensusSettings(Settings):
    """Settings of ``consensus``."""

    budgets: Annotated[tuple[Path, ...], BeforeValidator(_split_commas)] = Field(min_length=2)
    """Run directories or tables of the voters. As text: with commas."""
    weights: Annotated[tuple[PositiveFloat, ...], BeforeValidator(_split_commas)] = ()
    """One weight a voter; left out: equal ones, or those that ``truth`` gives."""
    truth: Path | None = None
    """Labels (of some of the videos) that weights are fitted on: an oracle's run, or the lab's truth."""
    caution: float = Field(default=1.0, ge=0)
    """How far disagreement raises the budget: so many mean absolute deviations of the votes."""

    @model_validator(mode="after")
    def _fitting(self) -> "ConsensusSettings":
        if self.weights and self.truth:
            raise ValueError("weights and truth exclude each other")
        if self.weights and len(self.weights) != len(self.budgets):
            raise ValueError(f"{len(self.weights)} weights for {len(self.budgets)} tables")
        return self


class Consensus(Allocator):
    """The weighted median of other tables' budgets on the scale of log2 m, raised where they disagree.

    The votes and their disagreement (the weighted mean absolute deviation from the median, in doublings) are
    kept. A table without a video has no vote on it.
    """

    settings_type = ConsensusSettings
    snaps = True

    def __init__(self, settings: ConsensusSettings) -> None:
        self._caution = settings.caution
        self._tables = [open_budgets(path) for path in settings.budgets]
        self._weights = list(settings.weights) or [1.0] * len(self._tables)
        if settings.truth is not None:
            try:
                self._weights = fit_weights(self._tables, read_truth(settings.truth))
            except ValueError as error:
                raise UsageError(f"{settings.truth}: {error}: label some of the same videos") from error

    def allocate(
        self, requests: Sequence[Request], *, done: Collection[Key] = ()
    ) -> Iterator[Budget | Failure]:
        """Yield the median of the votes on each video."""
        for request in requests:
            if request.key not in done:
                yield self._budget(request)

    def _budget(self, request: Request) -> Budget | Failure:
        voters = [i for i, table in enumerate(self._tables) if request.key in table]
        if not voters:
            return Failure(
                record_id=request.record.id,
                media_index=request.media_index,
                status="no_votes",
                reason="it is in none of the tables: allocate them from the same records",
            )
        given = [self._tables[i][request.key] for i in voters]
        votes, weights = [log_choice(budget) for budget in given], [self._weights[i] for i in voters]
        middle = weighted_median(votes, weights)
        deviations = (weight * abs(vote - middle) for vote, weight in zip(votes, weights, strict=True))
        spread = sum(deviations) / sum(weights)
        wanted = round(2.0 ** min(middle + self._caution * spread, max(votes)), 4)
        return Budget(
            record_id=request.record.id,
            media_index=request.media_index,
            num_frames=math.ceil(wanted),
            allocator="consensus",
            score=round(spread, 4),
            wanted=wanted,
            details={
                f"{i}:{b.allocator}": round(2.0**v, 4) for i, b, v in zip(voters, given, votes, strict=True)
            },
            reason=f"the median of {', '.join(str(b.num_frames) for b in given)} is {2.0**middle:.1f}; "
            f"a disagreement of {spread:.2f} doublings makes it {wanted:.1f}",
        )
