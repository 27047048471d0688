"""What a dataset says about one training sample."""

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from framewise.records._medium import Media, MediaKind

Role = Literal["user", "assistant", "system"]
Task = Literal["caption", "open_ended", "multiple_choice"]
_TASKS: tuple[Task, ...] = get_args(Task)

MARKERS: dict[MediaKind, str] = {"video": "<video>", "image": "<image>"}
"""Text that stands where a medium of the kind is read."""
_KINDS = {marker: kind for kind, marker in MARKERS.items()}
_MARKER = re.compile("|".join(map(re.escape, _KINDS)))


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message; media markers in the text stand where the media are read, in order."""

    role: Role
    text: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """One sample: its media and the conversation about them.

    Raises:
        ValueError: Markers and media differ in number or order, there is no turn, or a value is not allowed.
    """

    id: str
    source: str
    """Name of the dataset or folder that the sample comes from."""
    task: Task
    media: tuple[Media, ...]
    turns: tuple[Turn, ...]

    def __post_init__(self) -> None:
        if self.task not in _TASKS:
            raise ValueError(f"task {self.task!r} is not one of {', '.join(_TASKS)}")
        if not self.turns:
            raise ValueError("the record has no turns")
        marked = [kind for turn in self.turns for kind in marker_kinds(turn.text)]
        given = [m.kind for m in self.media]
        if marked != given:
            raise ValueError(
                f"the text marks {len(marked)} media {marked} but the record has {len(given)} {given}: "
                "each <video> or <image> needs one medium, in order"
            )

    @property
    def question(self) -> str:
        """All user turns without markers: what an allocator may read."""
        return " ".join(strip_markers(t.text) for t in self.turns if t.role == "user")

    def to_json(self) -> dict[str, Any]:
        """The row of ``records.jsonl``."""
        media = [m.to_json() for m in self.media]
        turns = [{"role": t.role, "text": t.text} for t in self.turns]
        return {"id": self.id, "source": self.source, "task": self.task, "media": media, "turns": turns}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Record":
        """Read a row of ``records.jsonl``.

        Raises:
            ValueError: A key is missing or a value is not allowed.
        """
        try:
            return cls(
                id=str(row["id"]),
                source=row["source"],
                task=row["task"],
                media=tuple(Media.from_json(m) for m in row["media"]),
                turns=tuple(Turn(role=t["role"], text=t["text"]) for t in row["turns"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a row of records.jsonl: {error}") from error


def marker_kinds(text: str) -> list[MediaKind]:
    """Kinds of the media markers in ``text``, in order.

    >>> marker_kinds("<image>before, <video> after")
    ['image', 'video']
    """
    # Most turns have none, and looking for plain text is many times as fast.
    if not any(marker in text for marker in _KINDS):
        return []
    return [_KINDS[found.group()] for found in _MARKER.finditer(text)]


def strip_markers(text: str) -> str:
    """``text`` without media markers and the blanks around them."""
    for marker in MARKERS.values():
        text = text.replace(marker, " ")
    return " ".join(text.split())
