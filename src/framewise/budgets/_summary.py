"""What an allocation amounts to, next to the paper's."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from framewise.budgets._agreement import doublings, quadratic_kappa
from framewise.budgets._budget import Budget, Key, Request

SUMMARY = "summary.json"
PARAPHRASE = "prompt:"
"""Start of the names of details that say what a wording of the request made of a question."""
LEAKS = "with_answer"
"""Name of the detail of a budget for which the answer was read."""
PAPER_HISTOGRAM = {8: 57_604, 16: 11_394, 32: 5_365, 64: 137}
"""Videos by budget in the paper's hybrid data, appendix A.2; 11.05 frames on average."""


def summarise(
    requests: Mapping[Key, Request],
    wishes: Mapping[Key, Budget],
    budgets: Sequence[Budget],
    skipped: Sequence[Mapping[str, Any]],
    visual_tokens: int | None,
) -> dict[str, Any]:
    """The run's ``summary.json``.

    Args:
        requests: The videos that got a budget.
        wishes: What the allocator wanted for each.
        budgets: What each got.
        skipped: The videos that got none.
        visual_tokens: Tokens of all budgeted videos together, where a model was named.
    """

    def grouped(group: Callable[[Request], str]) -> dict[str, Any]:
        names = sorted({group(request) for request in requests.values()})
        return {
            name: _counts(b.num_frames for b in budgets if group(requests[b.key]) == name) for name in names
        }

    leaks = sum(LEAKS in (budget.details or {}) for budget in budgets)
    agreement = agree(budgets)
    return {
        **_counts(budget.num_frames for budget in budgets),
        "num_clamped": sum(budget.num_frames != wishes[budget.key].num_frames for budget in budgets),
        "num_skipped": len(skipped),
        "skipped": dict(sorted(Counter(row["status"] for row in skipped).items())),
        "by_task": grouped(lambda request: request.record.task),
        "by_source": grouped(lambda request: request.record.source),
        "visual_tokens": visual_tokens,
        "paper": _compare(Counter(budget.num_frames for budget in budgets)),
        **({"agreement": agreement} if agreement else {}),
        **({"num_with_answer": leaks} if leaks else {}),
    }


def agree(budgets: Sequence[Budget]) -> dict[str, float]:
    """Quadratic kappa, in doublings, of each two wordings that an allocator asked all its questions in."""
    said: dict[str, list[float]] = {}
    for budget in budgets:
        for name, frames in (budget.details or {}).items():
            if name.startswith(PARAPHRASE):
                said.setdefault(name.removeprefix(PARAPHRASE), []).append(frames)
    classes = {name: doublings(np.array(frames)) for name, frames in said.items()}
    return {
        f"{a}, {b}": round(quadratic_kappa(classes[a], classes[b]), 4)
        for a, b in combinations(sorted(classes), 2)
    }


def _counts(frames: Iterable[int]) -> dict[str, Any]:
    histogram = Counter(frames)
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
    return {**_counts(paper.elements()), "distance": sum(differences) / 2}


def _mean(histogram: Counter[int]) -> float:
    return sum(m * count for m, count in histogram.items()) / histogram.total()
