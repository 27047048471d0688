"""Which videos of which records need a budget, and which cannot have one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from framewise._errors import UsageError
from framewise._jsonl import Row
from framewise.budgets._budget import Key, Request
from framewise.budgets._clamp import frames_in_window
from framewise.clips import Clip
from framewise.records import BadRow, Record, read_records, skipped_row


@dataclass(frozen=True)
class Collected:
    """The videos of a dataset, in the order of its records."""

    requests: dict[Key, Request] = field(default_factory=dict)
    skipped: list[Row] = field(default_factory=list)
    """Rows of ``skipped.jsonl``: videos that get no budget, and why."""


def collect_requests(records: Path, media_root: Path | None, clips: Mapping[str, Clip]) -> Collected:
    """Pair every video of a dataset with its probed clip.

    Args:
        records: The dataset, in any known layout.
        media_root: Folder that media paths are relative to; None: the one that the records lie in.
        clips: Probed clips by path.

    Raises:
        UsageError: The dataset cannot be read, or none of its videos can be used.
    """
    collected = Collected()

    def skip_row(bad: BadRow) -> None:
        collected.skipped.append(skipped_row(None, None, f"{bad.file}:{bad.line}", "bad_record", bad.reason))

    for record in read_records(records, media_root=media_root, on_bad=skip_row):
        for index, media in enumerate(record.media):
            if media.kind == "video":
                _add(collected, record, index, clips.get(media.path))
    if not collected.requests:
        raise UsageError(_nothing(records, collected))
    return collected


def _add(collected: Collected, record: Record, index: int, clip: Clip | None) -> None:
    media = record.media[index]
    if clip is None:
        fault = ("not_probed", "not among the probed clips: run `framewise probe` on these records")
    elif not clip.ok:
        fault = (clip.status, clip.reason)
    elif frames_in_window(clip, media) == 0:
        window = f"from {media.start_seconds or 0:g} s to {media.end_seconds or clip.duration_seconds:g} s"
        fault = ("empty_window", f"no frame {window}: the clip has {clip.duration_seconds:g} s")
    else:
        request = Request(record=record, media_index=index, clip=clip)
        collected.requests[request.key] = request
        return
    collected.skipped.append(skipped_row(record.id, index, media.path, *fault))


def _nothing(records: Path, collected: Collected) -> str:
    if not collected.skipped:
        return f"no record of {records} has a video: there is nothing to give a budget to"
    first = collected.skipped[0]
    return (
        f"{records} has no video that can be used; the first of {len(collected.skipped)} faults is "
        f"{first['status']} at {first['path']}: {first['reason']}. Paths are relative to the media root: "
        "probe and allocate with the same one"
    )
