"""Which samples can be trained on, and which are skipped and why, before anything is decoded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from framewise._errors import UsageError
from framewise._jsonl import Row, read_rows
from framewise._progress import track
from framewise.budgets import Key, read_budgets
from framewise.clips import Clip, read_clips
from framewise.planning._example import Example, Examples
from framewise.records import SKIPPED, BadRow, Record, read_records, skipped_row


@dataclass(frozen=True)
class Pairing:
    """All that can be trained on, in the order of the records."""

    examples: Examples = field(default_factory=Examples)
    skipped: list[Row] = field(default_factory=list)
    """Rows of ``skipped.jsonl``."""


def pair_examples(
    records: Path,
    *,
    budgets: Path | None = None,
    clips: Path | None = None,
    media_root: Path | None = None,
) -> Pairing:
    """Pair records with their budgets.

    A record is skipped as a whole if one of its videos has no budget or a clip that is not ok, if it has no
    answer to learn, or if its row is bad; nothing takes its place.

    Args:
        records: The dataset, in any known layout.
        budgets: What ``framewise allocate`` left; None: the data has no videos.
        clips: What ``framewise probe`` left; None: nothing is known of the clips.
        media_root: Folder that media paths are relative to; None: the one that the records lie in.

    Raises:
        UsageError: An input cannot be read, or nothing is left to train on.
    """
    pairing = Pairing()
    frames = {key: b.num_frames for key, b in read_budgets(budgets).items()} if budgets else {}
    probed = read_clips(clips) if clips else {}
    known = _known_faults(budgets) if budgets else {}

    def skip_row(bad: BadRow) -> None:
        place = f"{Path(bad.file).name}:{bad.line}"
        pairing.skipped.append(skipped_row(None, None, place, "bad_record", bad.reason))

    for record in track(read_records(records, media_root=media_root, on_bad=skip_row), "read records"):
        faults = _faults(record, frames, probed, known)
        pairing.skipped.extend(faults)
        if not faults:
            counts = [frames[record.id, i] if m.kind == "video" else 1 for i, m in enumerate(record.media)]
            found = ((i, probed.get(m.path)) for i, m in enumerate(record.media))
            good = {i: clip.good_frames for i, clip in found if clip and clip.good_frames is not None}
            pairing.examples.append(Example(record, tuple(counts), good))
    if not pairing.examples:
        raise UsageError(nothing_left(records, pairing.skipped))
    return pairing


def nothing_left(records: Path, skipped: list[Row]) -> str:
    """The message where nothing can be trained on."""
    if not skipped:
        return f"{records} has no records"
    first = skipped[0]
    return (
        f"no record of {records} can be trained on; the first of {len(skipped)} faults is "
        f"{first['status']} at {first['path'] or first['record_id']}: {first['reason']}"
    )


def _faults(
    record: Record, frames: Mapping[Key, int], clips: Mapping[str, Clip], known: Mapping[Key, Row]
) -> list[Row]:
    if not any(turn.role == "assistant" and turn.text for turn in record.turns):
        return [skipped_row(record.id, None, None, "no_answer", "the record has no answer to learn")]
    faults = []
    for index, media in enumerate(record.media):
        key, clip = (record.id, index), clips.get(media.path)
        if media.kind != "video":
            continue
        if clip is not None and not clip.ok:
            faults.append(skipped_row(record.id, index, media.path, clip.status, clip.reason))
        elif key not in frames and key in known:
            faults.append(known[key])
        elif key not in frames:
            reason = "no row of the budgets is about it: run `framewise allocate` on these records"
            faults.append(skipped_row(record.id, index, media.path, "no_budget", reason))
    return faults


def _known_faults(budgets: Path) -> dict[Key, Row]:
    """Why allocation gave no budget, where it left that beside the budgets."""
    folder = budgets if budgets.is_dir() else budgets.parent
    rows = [row for row in read_rows(folder / SKIPPED) if row.get("record_id") is not None]
    return {(row["record_id"], row["media_index"]): row for row in rows}
