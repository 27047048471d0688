"""Layout ``sharegpt``: LLaMA-Factory's rows."""

from typing import Any

from framewise._jsonl import Row
from framewise.records._fields import given_media, optional_name, task_named
from framewise.records._format import Format
from framewise.records._layout import place_media, slots_of
from framewise.records._record import Record
from framewise.records._task import infer_task
from framewise.records.formats._conversations import read_turns, refuse_times, write_conversations


class ShareGPT(Format):
    """``{"conversations": [{"from": "human" | "gpt", "value"}], "videos"?, "images"?, "system"?}``.

    Each ``<video>`` needs one of ``videos`` and each ``<image>`` one of ``images``: LLaMA-Factory refuses
    anything else, so a row with media and no marker is bad. ``id``, ``source`` and ``task`` may be there;
    LLaMA-Factory drops them. A list in ``videos`` is one video made of images; the layout cannot say their
    times, so they come from ``times.json`` beside the images. Rows that its ``tags`` map from ``messages``
    with ``role`` and ``content`` are read too, when this format is asked for by name; without a name they are
    layout ``messages``.
    """

    def recognises(self, row: dict[str, Any]) -> bool:
        """Whether the row has ``conversations`` and no key that only LLaVA's rows have."""
        if row.get("conversations") is None:
            return False
        plural = any(row.get(key) is not None for key in ("videos", "images"))
        return plural or not any(row.get(key) is not None for key in ("video", "image", "data_source"))

    def read(self, row: dict[str, Any], *, default_id: str, source: str) -> Record:
        """Read one row; see ``Format.read``."""
        tagged = row.get("conversations") is None and row.get("messages") is not None
        turns = read_turns(
            row, *(("messages", "role", "content") if tagged else ("conversations", "from", "value"))
        )
        slots = [slot for turn in turns for slot in slots_of(turn.text)]
        source = optional_name(row, "source") or source
        return Record(
            id=optional_name(row, "id") or default_id,
            source=source,
            task=task_named(row) or infer_task(turns, source),
            media=place_media(
                slots,
                {
                    "video": given_media(row, "videos", "video"),
                    "image": given_media(row, "images", "image"),
                },
            ),
            turns=tuple(turns),
        )

    def write(self, record: Record) -> Row:
        """Write one record.

        Raises:
            ValueError: A medium has a window in time, or images with times.
        """
        refuse_times(record, "sharegpt")
        row: Row = {
            "id": record.id,
            "source": record.source,
            "task": record.task,
            "conversations": write_conversations(record),
        }
        for kind, key in (("video", "videos"), ("image", "images")):
            if given := [list(m.frames) or m.path for m in record.media if m.kind == kind]:
                row[key] = given
        return row
