"""Progress bars on standard error, the same in every stage."""

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_T = TypeVar("_T")


def progress_bar() -> Progress:
    """A bar of what is done, of how much, for how long, and how long is left.

    Silent off a terminal, in workers, and in all processes of a distributed run but the first.
    """
    is_first = multiprocessing.parent_process() is None and os.environ.get("RANK", "0") == "0"
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not (is_first and Console(stderr=True).is_terminal),
    )


def track(items: Iterable[_T], description: str, total: int | None = None) -> Iterator[_T]:
    """Yield ``items`` while a bar counts them; without ``total`` their number is not known."""
    with progress_bar() as bar:
        task = bar.add_task(description, total=total)
        for item in items:
            yield item
            bar.advance(task)
