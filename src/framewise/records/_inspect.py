"""What a dataset holds, counted."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from framewise.records._media import is_there
from framewise.records._read import BadRow, PlacedRecord, default_media_root, read_placed
from framewise.records._record import Task


@dataclass(frozen=True)
class MissingMedia:
    """A media file that records name and that does not exist."""

    path: str
    """Relative to the media root."""
    file: str
    """Where the first record that names it stands."""
    line: int
    num_records: int


@dataclass(frozen=True)
class TableRow:
    """A row of the paper's Table A (appendix A.1): one source of one task."""

    task: Task
    source: str
    num_samples: int


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a dataset holds."""

    num_records: int
    by_source: dict[str, int]
    """Records by source, most first."""
    by_task: dict[str, int]
    by_turns: dict[int, int]
    """Records by their number of user turns, fewest turns first."""
    by_media: dict[str, int]
    """Records by the media that they hold, such as ``2 image, 1 video``; ``none`` for text alone."""
    num_files: int
    """Distinct media files."""
    missing: tuple[MissingMedia, ...]
    bad_rows: tuple[BadRow, ...]
    table: tuple[TableRow, ...]
    """The paper's Table A for this dataset: tasks in the paper's order, sources by size."""

    def to_json(self) -> dict[str, Any]:
        """JSON types only; keys of ``by_turns`` as text."""
        return asdict(self) | {"by_turns": {str(k): v for k, v in self.by_turns.items()}}


def inspect_records(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002
    media_root: Path | None = None,
) -> Inspection:
    """Count what the records at ``path`` hold; nothing is decoded, only the existence of media is checked.

    Args:
        path: What ``read_records`` reads.
        format: Name of the layout; None: found out from the keys.
        media_root: Folder that media paths are relative to; None: as in ``read_records``.

    Raises:
        UsageError: There is nothing to read, or a file is in no known layout.
    """
    bad: list[BadRow] = []
    counts = _Counts(media_root or default_media_root(path))
    for found in read_placed(path, format=format, media_root=media_root, on_bad=bad.append):
        counts.add(found)
    return counts.result(bad)


class _Counts:
    """Running counts of one pass."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._samples: Counter[tuple[Task, str]] = Counter()
        self._turns: Counter[int] = Counter()
        self._media: Counter[str] = Counter()
        self._exists: dict[str, bool] = {}
        self._missing: dict[str, MissingMedia] = {}

    def add(self, found: PlacedRecord) -> None:
        record = found.record
        self._samples[record.task, record.source] += 1
        self._turns[sum(turn.role == "user" for turn in record.turns)] += 1
        kinds = Counter(medium.kind for medium in record.media)
        self._media[", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())) or "none"] += 1
        for path, owner in {path: medium for medium in record.media for path in medium.files}.items():
            if path not in self._exists:
                self._exists[path] = is_there(self._root, owner, path)
            if not self._exists[path]:
                first = self._missing.get(path, MissingMedia(path, found.file, found.line, 0))
                self._missing[path] = MissingMedia(path, first.file, first.line, first.num_records + 1)

    def result(self, bad: list[BadRow]) -> Inspection:
        sources: Counter[str] = Counter()
        tasks: Counter[str] = Counter()
        for (task, source), n in self._samples.items():
            sources[source] += n
            tasks[task] += n
        order = {task: i for i, task in enumerate(get_args(Task))}
        table = sorted(self._samples.items(), key=lambda item: (order[item[0][0]], -item[1], item[0][1]))
        return Inspection(
            num_records=sum(tasks.values()),
            by_source=dict(sources.most_common()),
            by_task={task: tasks[task] for task in order if tasks[task]},
            by_turns=dict(sorted(self._turns.items())),
            by_media=dict(self._media.most_common()),
            num_files=len(self._exists),
            missing=tuple(self._missing[path] for path in sorted(self._missing)),
            bad_rows=tuple(bad),
            table=tuple(TableRow(task, source, n) for (task, source), n in table),
        )
