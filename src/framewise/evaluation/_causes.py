"""Why an item's score changed: it was written differently, known differently, or stood elsewhere.

*Format*: the robust reading is worth the same before and after, or there is none on one side; the scorer read
differently or not at all. *Skill*: the robust reading turned from right to wrong, or back. *Position*: a rotation of
a question turned, though the option picked in most rotations is right, or wrong, as before.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Literal

import numpy as np

from framewise.evaluation._metrics import Vector
from framewise.evaluation.scorers import Outcome

Cause = Literal["format", "skill", "position", "unexplained"]
"""``unexplained`` where a run kept no texts: it stands for all changes together."""


def cause_of(before: Outcome, after: Outcome) -> Cause:
    """Why an item changed, if it did, by its robust readings."""
    if before.parsed is None or after.parsed is None or before.score == after.score:
        return "format"
    return "skill"


def split_position(
    causes: Sequence[Cause], groups: Iterable[Sequence[int]], known: Sequence[tuple[bool, bool]]
) -> list[Cause]:
    """The causes with ``skill`` turned into ``position`` in groups whose knowledge is as before.

    Args:
        causes: Of each item.
        groups: Places of the items of each group.
        known: Whether each group's most frequent pick was right before, and after.
    """
    found = list(causes)
    for places, (before, after) in zip(groups, known, strict=True):
        if before == after:
            for place in places:
                found[place] = "position" if found[place] == "skill" else found[place]
    return found


def mixed(
    before: Sequence[Outcome], after: Sequence[Outcome], causes: Sequence[Cause], happened: frozenset[Cause]
) -> list[Outcome]:
    """The outcomes if only changes of the causes in ``happened`` had happened."""
    return [new if cause in happened else old for old, new, cause in zip(before, after, causes, strict=True)]


def subsets(causes: Sequence[Cause]) -> list[frozenset[Cause]]:
    """All sets of causes, the empty one first and the whole one last."""
    return [frozenset(chosen) for size in range(len(causes) + 1) for chosen in combinations(causes, size)]


def shapley_parts(values: Mapping[frozenset[Cause], Vector]) -> dict[Cause, Vector]:
    """What each cause adds, averaged over all orders in which the causes can happen; the parts add up.

    For a mean the order does not matter. For a composite, such as questions right in all rotations, it does.

    Args:
        values: A number for every set of causes, shape [draws].
    """
    whole = max(values, key=len)
    size = len(whole)
    parts: dict[Cause, Vector] = {}
    for cause in whole:
        others = [state for state in values if cause not in state]
        weights = [factorial(len(s)) * factorial(size - len(s) - 1) / factorial(size) for s in others]
        steps = [w * (values[s | {cause}] - values[s]) for w, s in zip(weights, others, strict=True)]
        parts[cause] = np.sum(steps, axis=0)
    return parts
