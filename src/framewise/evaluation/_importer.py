"""What an importer hands over: replies that another tool kept, and the numbers that it made of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from framewise._errors import UsageError

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """What was found in a result folder."""

    model: str
    """What the tool called the model."""
    rows: Mapping[str, list[Row]]
    """By benchmark: the official fields with ``item_id``, ``prediction`` and ``prompt``."""
    own: Mapping[str, Mapping[str, float]]
    """By benchmark: the tool's own numbers, under its own names and in its own units."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the tool says of how it asked: two runs that differ in it are not compared."""
    notes: tuple[str, ...] = ()
    """Sentences about what could not be had, for people to read."""
    rules: str = ""
    """Name of the scorer that has the rules of this version of the tool, for benchmarks that have it."""
    files: tuple[Path, ...] = ()
    """What was read: a later import of other bytes is another one."""


class Importer(ABC):
    """Reads one tool's result folders. It scores nothing."""

    tool: ClassVar[str]
    """Name of the benchmarks' scorer that has this tool's rules."""

    @abstractmethod
    def read(self, path: Path) -> Harvest:
        """The replies in ``path``.

        Args:
            path: A result folder, or the one file in it that names the run.

        Raises:
            UsageError: There is no result of a known benchmark, there are several runs, or a file is malformed;
                the message names the file and says what was found.
        """


def _pope(row: Row) -> tuple[str, str]:
    return row["category"], str(row.get("image_source") or row.get("image_path") or row["item_id"])


_PLACES: dict[str, Callable[[Row], tuple[str, str]]] = {
    "mme": lambda r: (r["category"], f"{r['category']}/{r.get('question_id') or r['image_path']}"),
    "pope": _pope,
    "mmstar": lambda r: (r["category"], r["item_id"]),
    "mmbench": lambda r: (r["category"], str(int(r["index"]) % 1_000_000)),
    "video_mme": lambda r: (r["task_type"], r["videoID"]),
    "mvbench": lambda r: (r["task_type"], str(r.get("video") or r["item_id"])),
    "tempcompass": lambda r: (f"{r['task']}/{r['dim']}", r["video_id"]),
    "video_mmmu": lambda r: (r["track"], r["id"]),
}


def place_of(benchmark: str, row: Row) -> tuple[str, str]:
    """Subtask and cluster of a row of one of the eight benchmarks.

    Raises:
        UsageError: The row lacks what they are made of.
    """
    try:
        return _PLACES[benchmark](row)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{benchmark}: row {row.get('item_id')!r} is malformed: {error}") from error
