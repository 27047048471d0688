"""Items whose score changed, with both replies, for people to read."""

from collections.abc import Iterable, Iterator
from typing import Any

from framewise._jsonl import Row
from framewise.evaluation._pairs import Pair
from framewise.evaluation._score_file import score_row

FLIPS = "flips.jsonl"


def flipped(arm: str, against: str, pairs: Iterable[Pair]) -> Iterator[Row]:
    """One row for every item that gained or lost.

    Args:
        arm: Name of the run after.
        against: Name of the run before.
        pairs: Of the two.

    Yields:
        Rows of ``flips.jsonl``.
    """
    for pair in pairs:
        before, after = pair.outcomes(frozenset()), pair.outcomes(frozenset(pair.known_causes))
        for place, item in enumerate(pair.items):
            one, two = before[place].score, after[place].score
            if one is None or two is None or one == two:
                continue
            yield {
                "arm": arm,
                "against": against,
                "benchmark": pair.benchmark,
                "item_id": item,
                "subtask": pair.subtasks[place],
                "cluster": pair.clusters[place][1],
                "turned": "gained" if two > one else "lost",
                "cause": "unexplained" if pair.causes is None else pair.causes[place],
                **_question(pair.kept[0][item]),
                **_side("before", pair.kept[0][item], score_row({"item_id": item}, before[place])),
                **_side("after", pair.kept[1][item], score_row({"item_id": item}, after[place])),
            }


def _question(row: Row) -> dict[str, Any]:
    return {"prompt": row.get("prompt"), "answer": row.get("answer")}


def _side(name: str, row: Row, scored: Row) -> dict[str, Any]:
    return {name: row.get("prediction"), f"{name}_parsed": scored["parsed"], f"{name}_score": scored["score"]}
