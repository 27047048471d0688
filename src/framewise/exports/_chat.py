"""Messages whose content is a list of parts, as chat templates of processors read them."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from framewise._jsonl import Row
from framewise.records import MARKERS, Record

_MARKER = re.compile("(" + "|".join(map(re.escape, MARKERS.values())) + ")")


def chat_messages(record: Record, medium: Callable[[int], Mapping[str, Any]]) -> list[Row]:
    """The turns, text and media in order.

    Args:
        record: The record.
        medium: What the part of the n-th medium says besides its type.
    """
    place = 0
    messages = []
    for turn in record.turns:
        parts: list[Row] = []
        for text in _MARKER.split(turn.text):
            if _MARKER.fullmatch(text):
                parts.append({"type": record.media[place].kind, **medium(place)})
                place += 1
            elif text:
                parts.append({"type": "text", "text": text})
        messages.append({"role": turn.role, "content": parts or [{"type": "text", "text": ""}]})
    return messages


def video_parts(row: Mapping[str, Any]) -> Iterator[Row]:
    """The parts of a row that are videos, in order."""
    for message in row["messages"]:
        yield from (part for part in message["content"] if part.get("type") == "video")
