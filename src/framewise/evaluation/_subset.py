"""Which items are asked, and in which batches: functions of the items alone, so equal for every model."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

from framewise.evaluation._benchmark import Item


def limit_items(items: Sequence[Item], limit: int | None, *, seed: int) -> list[Item]:
    """Whole clusters, drawn until ``limit`` items or more are in, in the order of ``items``.

    The draw sorts clusters by a hash of seed and name: a smaller limit gives a part of a larger one's items.
    """
    if limit is None or limit >= len(items):
        return list(items)
    sizes: dict[str, int] = {}
    for item in items:
        sizes[item.cluster] = sizes.get(item.cluster, 0) + 1
    chosen: set[str] = set()
    total = 0
    for cluster in sorted(sizes, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()):
        if total >= limit:
            break
        chosen.add(cluster)
        total += sizes[cluster]
    return [item for item in items if item.cluster in chosen]


def batch_items(items: Sequence[Item], size: int) -> list[list[Item]]:
    """Batches of at most ``size`` items with the same kinds of media, prompts of similar length together.

    Greedy text can depend on a batch's padding in its last bits, so batches are made of all items, also when
    some were answered before: a run that was killed asks what an unbroken run asks.
    """
    ordered = sorted(items, key=lambda item: (_kinds(item), len(item.prompt)))
    batches = []
    for _, group in groupby(ordered, key=_kinds):
        same = list(group)
        batches += [same[start : start + size] for start in range(0, len(same), size)]
    return batches


def digest_items(items: Sequence[Item]) -> str:
    """sha256 over everything that the items ask; media count by path, not by content."""
    asked = [{name: part for name, part in asdict(item).items() if name != "fields"} for item in items]
    text = json.dumps(asked, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _kinds(item: Item) -> tuple[str, ...]:
    return tuple(medium.kind for medium in item.media)
