"""Layout ``framewise``: the rows of our own ``records.jsonl``."""

from typing import Any

from framewise._jsonl import Row
from framewise.records._fields import (
    check_window,
    image_paths,
    number,
    objects,
    optional_name,
    seconds,
    task_named,
    text,
    times,
)
from framewise.records._format import Format
from framewise.records._medium import Media, MediaKind
from framewise.records._record import MARKERS, Record, Turn
from framewise.records._task import infer_task


class Framewise(Format):
    """``{"id", "source", "task", "media": [{"kind", "path", ...}], "turns": [{"role", "text"}]}``.

    ``id``, ``source`` and ``task`` may be absent; ``start_seconds`` and ``end_seconds`` of a medium are the
    window that the sample is about. The path of a video may be that of a folder of images, or in its place
    ``frames`` lists images; ``fps`` or ``times_seconds`` then give their times. Further keys are ignored.
    """

    def recognises(self, row: dict[str, Any]) -> bool:
        """Whether the row has ``turns``."""
        return row.get("turns") is not None

    def read(self, row: dict[str, Any], *, default_id: str, source: str) -> Record:
        """Read one row; see ``Format.read``."""
        turns = tuple(_turn(turn) for turn in objects(row, "turns"))
        source = optional_name(row, "source") or source
        media = tuple(_medium(item) for item in objects(row, "media")) if row.get("media") is not None else ()
        return Record(
            id=optional_name(row, "id") or default_id,
            source=source,
            task=task_named(row) or infer_task(turns, source),
            media=media,
            turns=turns,
        )

    def write(self, record: Record) -> Row:
        """Write one record; the layout can say everything."""
        return record.to_json()


def _turn(row: dict[str, Any]) -> Turn:
    role = row.get("role")
    if role not in ("user", "assistant", "system"):
        raise ValueError(f"role {role!r} is not one of user, assistant, system")
    return Turn(role=role, text=text(row, "text"))


def _medium(row: dict[str, Any]) -> Media:
    kind: MediaKind | None = next((k for k in MARKERS if row.get("kind") == k), None)
    if kind is None:
        raise ValueError(f"medium of kind {row.get('kind')!r} is not one of {', '.join(MARKERS)}")
    start, end = seconds(row, "start_seconds"), seconds(row, "end_seconds")
    check_window(start, end)
    listed = row.get("frames") is not None
    if listed and row.get("path") is not None:
        raise ValueError("a medium has a 'path' or 'frames', not both")
    return Media(
        kind=kind,
        path="" if listed else text(row, "path"),
        start_seconds=start,
        end_seconds=end,
        frames=image_paths(row["frames"], "frames") if listed else (),
        fps=number(row, "fps"),
        times_seconds=times(row, "times_seconds"),
    )
