"""Which videos of which records need a budget, and which cannot have one."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from framewise._errors import UsageError
from framewise._jsonl import Row
from framewise._keyed import KeyedRows, Spool
from framewise._progress import track
from framewise.budgets._budget import Key, Request
from framewise.budgets._clamp import frames_in_window
from framewise.clips import Clip
from framewise.records import BadRow, Media, Record, default_media_root, read_records, skipped_row


class Skipped:
    """Rows of ``skipped.jsonl``: videos that get no budget, and why; they stay on disk."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        """How many there are of each."""
        self.first: Row | None = None
        self.last: Row | None = None
        self._rows = Spool()

    def append(self, row: Row) -> None:
        """Add a row."""
        self.first, self.last = self.first or row, row
        self.statuses[row["status"]] += 1
        self._rows.append(row)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)


@dataclass(frozen=True)
class Collected:
    """The videos of a dataset, in the order of its records; they stay on disk."""

    requests: KeyedRows[Key, Request]
    skipped: Skipped


def collect_requests(records: Path, media_root: Path | None, clips: Mapping[str, Clip]) -> Collected:
    """Pair every video of a dataset with its probed clip.

    Args:
        records: The dataset, in any known layout.
        media_root: Folder that media paths are relative to; None: the one that the records lie in.
        clips: Probed clips by path.

    Raises:
        UsageError: The dataset cannot be read, or none of its videos can be used.
    """
    root = media_root or default_media_root(records)

    def read(row: Row) -> Request:
        record, index = Record.from_json(row["record"]), row["media_index"]
        return Request(
            record=record, media_index=index, clip=clips[record.media[index].path], media_root=root
        )

    skipped = Skipped()
    items = (
        (request.key, {"record": request.record.to_json(), "media_index": request.media_index})
        for request in track(stream_requests(records, media_root, clips, skipped.append), "read videos")
    )
    requests = KeyedRows(items, read)
    if not requests:
        raise UsageError(_nothing(records, skipped))
    return Collected(requests, skipped)


def stream_requests(
    records: Path, media_root: Path | None, clips: Mapping[str, Clip], skip: Callable[[Row], None]
) -> Iterator[Request]:
    """Yield every video that can have a budget, in the order of the records; nothing is kept.

    Args:
        records: As for ``collect_requests``, with the next two.
        media_root: As there.
        clips: As there.
        skip: Called with the row of ``skipped.jsonl`` of every other video.

    Raises:
        UsageError: The dataset cannot be read.
    """
    root = media_root or default_media_root(records)

    def skip_row(bad: BadRow) -> None:
        skip(skipped_row(None, None, f"{bad.file}:{bad.line}", "bad_record", bad.reason))

    for record in read_records(records, media_root=media_root, on_bad=skip_row):
        for index, media in enumerate(record.media):
            if media.kind == "video":
                clip = clips.get(media.path)
                fault = _fault(media, clip)
                if fault is None and clip is not None:
                    yield Request(record=record, media_index=index, clip=clip, media_root=root)
                elif fault is not None:
                    skip(skipped_row(record.id, index, media.path, *fault))


def _fault(media: Media, clip: Clip | None) -> tuple[str, str] | None:
    """Why a video can have no budget, by name and for people; None: it can."""
    if clip is None:
        return "not_probed", "not among the probed clips: run `framewise probe` on these records"
    if not clip.ok:
        return clip.status, clip.reason
    if frames_in_window(clip, media) == 0:
        window = f"from {media.start_seconds or 0:g} s to {media.end_seconds or clip.duration_seconds:g} s"
        return "empty_window", f"no frame {window}: the clip has {clip.duration_seconds:g} s"
    return None


def _nothing(records: Path, skipped: Skipped) -> str:
    first = skipped.first
    if first is None:
        return f"no record of {records} has a video: there is nothing to give a budget to"
    return (
        f"{records} has no video that can be used; the first of {skipped.statuses.total()} faults is "
        f"{first['status']} at {first['path']}: {first['reason']}. Paths are relative to the media root: "
        "probe and allocate with the same one"
    )
