"""Layout ``llava``: LLaVA and LLaVA-Video-178K rows."""

from dataclasses import replace
from typing import Any

from framewise._jsonl import Row
from framewise.records._fields import given_media, optional_name, task_named
from framewise.records._format import Format
from framewise.records._layout import mark_first, place_media, slots_of
from framewise.records._record import MARKERS, Record
from framewise.records._task import infer_task
from framewise.records.formats._conversations import read_turns, refuse_times, write_conversations


class LLaVA(Format):
    """``{"id", "conversations": [{"from", "value"}], "video" or "image": path(s), "data_source"?}``.

    LLaVA-Video-178K marks a video by ``<image>``: where the row has ``video`` and no ``image``, every
    ``<image>`` is read as ``<video>``, and written so again. Media without any marker in the text stand at
    the start of the first human turn, one a line, which is where LLaVA's trainer moves its markers. A row
    has media of one kind. A list in the list under ``video`` is one video made of images, as in ``sharegpt``.
    """

    def recognises(self, row: dict[str, Any]) -> bool:
        """Whether the row has ``conversations`` and one of ``video``, ``image`` and ``data_source``."""
        if row.get("conversations") is None or any(row.get(key) is not None for key in ("videos", "images")):
            return False
        return any(row.get(key) is not None for key in ("video", "image", "data_source"))

    def read(self, row: dict[str, Any], *, default_id: str, source: str) -> Record:
        """Read one row; see ``Format.read``."""
        turns = read_turns(row, "conversations", "from", "value")
        videos, images = given_media(row, "video", "video"), given_media(row, "image", "image")
        if videos and not images:
            turns = [replace(t, text=t.text.replace(MARKERS["image"], MARKERS["video"])) for t in turns]
        if not any(slots_of(turn.text) for turn in turns):
            turns = mark_first(
                turns, f"{MARKERS['video']}\n" * len(videos) + f"{MARKERS['image']}\n" * len(images)
            )
        slots = [slot for turn in turns for slot in slots_of(turn.text)]
        source = optional_name(row, "data_source") or source
        return Record(
            id=optional_name(row, "id") or default_id,
            source=source,
            task=task_named(row) or infer_task(turns, source),
            media=place_media(slots, {"video": videos, "image": images}),
            turns=tuple(turns),
        )

    def write(self, record: Record) -> Row:
        """Write one record.

        Raises:
            ValueError: It has media of both kinds, or a medium has a window in time or images with times.
        """
        refuse_times(record, "llava")
        kinds = {m.kind for m in record.media}
        if len(kinds) > 1:
            raise ValueError(
                "layout llava has media of one kind in a row; this record has a video and an image"
            )
        row: Row = {"id": record.id, "data_source": record.source, "task": record.task}
        for kind in kinds:
            given = [list(m.frames) or m.path for m in record.media]
            row[kind] = given if len(given) > 1 or record.media[0].frames else given[0]
        row["conversations"] = write_conversations(record)
        for turn in row["conversations"]:
            turn["value"] = turn["value"].replace(MARKERS["video"], MARKERS["image"])
        return row
