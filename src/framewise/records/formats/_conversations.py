"""What the layouts with ``conversations`` (``from`` and ``value``) share."""

from typing import Any

from framewise._jsonl import Row
from framewise.records._fields import objects, role_of, text
from framewise.records._record import Record, Role, Turn

_ROLES: dict[str, Role] = {
    "human": "user",
    "gpt": "assistant",
    "system": "system",
    "user": "user",
    "assistant": "assistant",
}
_SPEAKERS: dict[Role, str] = {"user": "human", "assistant": "gpt", "system": "system"}


def read_turns(row: dict[str, Any], key: str, speaker: str, words: str) -> list[Turn]:
    """The turns under ``key``, after the system's text where the row has one in ``system`` (LLaMA-Factory).

    Args:
        row: The parsed row.
        key: Where the list of turns is.
        speaker: Key of a turn's speaker.
        words: Key of a turn's text.

    Raises:
        ValueError: A turn is malformed.
    """
    turns = [
        Turn(role=role_of(turn.get(speaker), _ROLES), text=text(turn, words)) for turn in objects(row, key)
    ]
    return [Turn(role="system", text=text(row, "system")), *turns] if row.get("system") else turns


def write_conversations(record: Record) -> list[Row]:
    """The turns as ``from`` and ``value``."""
    return [{"from": _SPEAKERS[turn.role], "value": turn.text} for turn in record.turns]


def refuse_times(record: Record, layout: str) -> None:
    """Check that every medium of the record is meant from start to end, at the times of its own file.

    Raises:
        ValueError: One has a window, or images with times, which the layout cannot say.
    """
    if any(m.has_times for m in record.media):
        raise ValueError(
            f"layout {layout} cannot say the times of images: use layout framewise, or write a video of them"
        )
    if any(m.start_seconds is not None or m.end_seconds is not None for m in record.media):
        raise ValueError(
            f"layout {layout} cannot say start_seconds or end_seconds: use layout framewise, or cut the video"
        )
