"""What an allocation amounts to, next to the paper's."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from framewise.budgets._agreement import doublings, quadratic_kappa
from framewise.budgets._budget import Budget, Request
from framewise.budgets._tokens import TokenCounter

SUMMARY = "summary.json"
PARAPHRASE = "prompt:"
"""Start of the names of details that say what a wording of the request made of a question."""
LEAKS = "with_answer"
"""Name of the detail of a budget for which the answer was read."""
NO_SHARES = "no_probabilities"
"""Name of the detail of a budget whose allocator could not know how probable it is."""
PAPER_HISTOGRAM = {8: 57_604, 16: 11_394, 32: 5_365, 64: 137}
"""Videos by budget in the paper's hybrid data, appendix A.2; 11.05 frames on average."""


class Tally:
    """Counts budgets as they pass.

    Args:
        counter: Counts visual tokens, where a model was named.
    """

    def __init__(self, counter: TokenCounter | None = None) -> None:
        self._counter = counter
        self._frames: Counter[int] = Counter()
        self._tasks: dict[str, Counter[int]] = {}
        self._sources: dict[str, Counter[int]] = {}
        self._said: dict[str, array[float]] = {}
        self._num_clamped = self._visual_tokens = self._num_with_answer = self._num_without_shares = 0

    def add(self, request: Request, wish: Budget, budget: Budget) -> None:
        """Count one.

        Args:
            request: The video.
            wish: What the allocator wanted, as an admitted number.
            budget: What it got.
        """
        record, details = request.record, budget.details or {}
        for counts in (
            self._frames,
            self._tasks.setdefault(record.task, Counter()),
            self._sources.setdefault(record.source, Counter()),
        ):
            counts[budget.num_frames] += 1
        self._num_clamped += budget.num_frames != wish.num_frames
        self._num_with_answer += LEAKS in details
        self._num_without_shares += NO_SHARES in details
        if self._counter is not None:
            self._visual_tokens += self._counter.tokens(budget.num_frames, request.clip)
        for name, frames in details.items():
            if name.startswith(PARAPHRASE):
                self._said.setdefault(name.removeprefix(PARAPHRASE), array("d")).append(frames)

    def result(self, skipped: Mapping[str, int]) -> dict[str, Any]:
        """The run's ``summary.json``.

        Args:
            skipped: Videos that got no budget, by status.
        """
        agreement = agree(self._said)
        return {
            **_counts(self._frames),
            "num_clamped": self._num_clamped,
            "num_skipped": sum(skipped.values()),
            "skipped": dict(sorted(skipped.items())),
            "by_task": {name: _counts(self._tasks[name]) for name in sorted(self._tasks)},
            "by_source": {name: _counts(self._sources[name]) for name in sorted(self._sources)},
            "visual_tokens": self._visual_tokens if self._counter is not None else None,
            "paper": _compare(self._frames),
            **({"agreement": agreement} if agreement else {}),
            **({"num_with_answer": self._num_with_answer} if self._num_with_answer else {}),
            **({"num_without_probabilities": self._num_without_shares} if self._num_without_shares else {}),
        }


def agree(said: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Quadratic kappa, in doublings, of each two wordings that an allocator asked all its questions in.

    Args:
        said: Frames of every question by the wording's name.
    """
    classes = {name: doublings(np.asarray(frames)) for name, frames in said.items()}
    return {
        f"{a}, {b}": round(quadratic_kappa(classes[a], classes[b]), 4)
        for a, b in combinations(sorted(classes), 2)
    }


def _counts(histogram: Counter[int]) -> dict[str, Any]:
    n = histogram.total()
    return {
        "n": n,
        "mean_frames": _mean(histogram),
        "histogram": {str(m): histogram[m] for m in sorted(histogram)},
        "shares": {str(m): histogram[m] / n for m in sorted(histogram)},
    }


def _compare(histogram: Counter[int]) -> dict[str, Any]:
    """The paper's numbers and the total variation distance of the shares: 0 equal, 1 nothing in common."""
    paper, n = Counter(PAPER_HISTOGRAM), histogram.total()
    differences = (abs(paper[m] / paper.total() - histogram[m] / n) for m in {*paper, *histogram})
    return {**_counts(paper), "distance": sum(differences) / 2}


def _mean(histogram: Counter[int]) -> float:
    return sum(m * count for m, count in histogram.items()) / histogram.total()
