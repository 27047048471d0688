"""Which clips are wanted, and by whom."""

from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

from framewise._errors import UsageError
from framewise._jsonl import Row
from framewise._progress import track
from framewise.budgets import Key, read_budgets
from framewise.clips import read_clips
from framewise.materialise._make import Task
from framewise.records import BadRow, read_records, skipped_row


@dataclass(frozen=True)
class Plan:
    """The videos of a dataset, in the order of its records."""

    tasks: dict[Key, Task] = field(default_factory=dict)
    skipped: list[Row] = field(default_factory=list)
    """Rows of ``skipped.jsonl`` about what has no task."""

    def grouped(self, done: Container[Key]) -> dict[Task, list[Key]]:
        """Each task that somebody waits for once, with those who do."""
        groups: dict[Task, list[Key]] = {}
        for key, task in self.tasks.items():
            if key not in done:
                groups.setdefault(task, []).append(key)
        return groups


def plan_clips(records: Path, *, budgets: Path, clips: Path | None, media_root: Path | None) -> Plan:
    """Pair every video with its budget; images need no clip.

    Raises:
        UsageError: An input cannot be read, or no video has a budget.
    """
    plan = Plan()
    frames = {key: budget.num_frames for key, budget in read_budgets(budgets).items()}
    probed = read_clips(clips) if clips else {}

    def skip_row(bad: BadRow) -> None:
        place = f"{Path(bad.file).name}:{bad.line}"
        plan.skipped.append(skipped_row(None, None, place, "bad_record", bad.reason))

    for record in track(read_records(records, media_root=media_root, on_bad=skip_row), "read records"):
        for index, media in enumerate(record.media):
            if media.kind != "video":
                continue
            if (record.id, index) in frames:
                clip = probed.get(media.path)
                good_frames = clip.num_frames if clip is not None and clip.truncated else None
                plan.tasks[record.id, index] = Task(media, frames[record.id, index], good_frames)
            else:
                reason = "no row of the budgets is about it: run `framewise allocate` on these records"
                plan.skipped.append(skipped_row(record.id, index, media.path, "no_budget", reason))
    if not plan.tasks:
        raise UsageError(
            f"no video of {records} has a row in {budgets}: name the records that were allocated"
        )
    return plan
