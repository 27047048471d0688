"""Layout ``messages``: ms-swift and Hugging Face chat rows."""

from dataclasses import replace
from typing import Any

from framewise._jsonl import Row
from framewise.records._fields import (
    check_window,
    given_media,
    given_medium,
    name_of,
    number,
    objects,
    optional_name,
    role_of,
    seconds,
    task_named,
    text,
)
from framewise.records._format import Format
from framewise.records._layout import Slot, mark_first, place_media, slots_of
from framewise.records._medium import Media, MediaKind
from framewise.records._record import MARKERS, Record, Role, Turn
from framewise.records._task import infer_task

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_LISTS: dict[MediaKind, str] = {"video": "videos", "image": "images"}


class Messages(Format):
    """``{"messages": [{"role", "content"}], "images"?, "videos"?, "id"?, "source"? or "channel"?, "task"?}``.

    ``content`` is text with markers, or a list of parts ``{"type": "text", "text"}`` and ``{"type": "video" |
    "image"}``, whose file is in the part (under ``video``, ``image``, ``path`` or ``url``) or the next of
    the row's list. Parts are joined without anything between, as chat templates do.

    A list in ``videos`` or in a part is one video made of images; ``raw_fps`` in the part, or in
    ``chat_template_kwargs`` for all of the row, says how many a second.

    As in ms-swift, media without any marker in the text stand before the first user message, videos before
    images; and ``chat_template_kwargs`` may hold ``video_start`` and ``video_end`` (seconds), one window
    for all videos of the row. A video part may hold a window of its own under the same two keys.
    """

    def recognises(self, row: dict[str, Any]) -> bool:
        """Whether the row has ``messages``."""
        return row.get("messages") is not None

    def read(self, row: dict[str, Any], *, default_id: str, source: str) -> Record:
        """Read one row; see ``Format.read``."""
        contents = [_content(message) for message in objects(row, "messages")]
        roles = [role_of(message.get("role"), _ROLES) for message in row["messages"]]
        turns = [Turn(role=role, text=content) for role, (content, _) in zip(roles, contents, strict=True)]
        slots = [slot for _, found in contents for slot in found]
        given = {kind: given_media(row, key, kind) for kind, key in _LISTS.items()}
        options = _options(row)
        if not slots:
            slots = [(kind, None) for kind, media in given.items() for _ in media]
            turns = mark_first(turns, "".join(MARKERS[kind] for kind, _ in slots))
        source = optional_name(row, "source", "channel") or source
        return Record(
            id=optional_name(row, "id") or default_id,
            source=source,
            task=task_named(row) or infer_task(turns, source),
            media=tuple(_completed(medium, options) for medium in place_media(slots, given)),
            turns=tuple(turns),
        )

    def write(self, record: Record) -> Row:
        """Write one record.

        Raises:
            ValueError: Its videos have different windows, or different rates of images, or an image has a
                window: the layout has one for all videos. Or a video has times that the layout cannot say.
        """
        row: Row = {
            "id": record.id,
            "source": record.source,
            "task": record.task,
            "messages": [{"role": turn.role, "content": turn.text} for turn in record.turns],
        }
        for kind, key in _LISTS.items():
            if given := [list(m.frames) or m.path for m in record.media if m.kind == kind]:
                row[key] = given
        if options := _common_window(record) | _common_rate(record):
            row["chat_template_kwargs"] = options
        return row


def _content(message: dict[str, Any]) -> tuple[str, list[Slot]]:
    content = message.get("content")
    if isinstance(content, str):
        return content, slots_of(content)
    if not isinstance(content, list):
        raise ValueError(f"'content' must be text or a list of parts, found {name_of(content)}")
    parts = [_part(part) for part in objects(message, "content")]
    return "".join(t for t, _ in parts), [slot for _, slots in parts for slot in slots]


def _part(part: dict[str, Any]) -> tuple[str, list[Slot]]:
    if part.get("type") == "text":
        words = text(part, "text")
        return words, slots_of(words)
    kind = next((k for k in MARKERS if part.get("type") == k), None)
    if kind is None:
        raise ValueError(f"part of type {part.get('type')!r} is not one of text, {', '.join(MARKERS)}")
    given = [key for key in (kind, "path", "url") if part.get(key) is not None]
    if not given:
        return MARKERS[kind], [(kind, None)]
    return MARKERS[kind], [(kind, _completed(given_medium(part[given[0]], given[0], kind), part))]


def _options(row: dict[str, Any]) -> dict[str, Any]:
    options = row.get("chat_template_kwargs")
    if options is not None and not isinstance(options, dict):
        raise ValueError(f"'chat_template_kwargs' must be an object, found {name_of(options)}")
    return options or {}


def _completed(medium: Media, options: dict[str, Any]) -> Media:
    """The medium with what ``options`` say of it, where it says nothing itself."""
    if medium.frames and not medium.has_times:
        medium = replace(medium, fps=number(options, "raw_fps"))
    if medium.kind == "image" or medium.start_seconds is not None or medium.end_seconds is not None:
        return medium
    start, end = seconds(options, "video_start"), seconds(options, "video_end")
    check_window(start, end)
    return replace(medium, start_seconds=start, end_seconds=end)


def _common_rate(record: Record) -> dict[str, float]:
    if any(m.times_seconds or (m.fps is not None and not m.frames) for m in record.media):
        raise ValueError("layout messages says times of images by one rate for lists of images alone")
    rates = {m.fps for m in record.media if m.frames}
    if len(rates) > 1:
        raise ValueError("layout messages has one rate for all lists of images; this record has several")
    rate = rates.pop() if rates else None
    return {} if rate is None else {"raw_fps": rate}


def _common_window(record: Record) -> dict[str, float]:
    windows = {(m.start_seconds, m.end_seconds) for m in record.media if m.kind == "video"}
    if any((m.start_seconds, m.end_seconds) != (None, None) for m in record.media if m.kind == "image"):
        raise ValueError("layout messages has no window for an image")
    if len(windows) > 1:
        raise ValueError("layout messages has one window for all videos of a row; this record has several")
    start, end = windows.pop() if windows else (None, None)
    return {k: v for k, v in (("video_start", start), ("video_end", end)) if v is not None}
