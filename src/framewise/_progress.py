"""Progress bars on standard error, the same in every stage."""

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
    """A bar of what is done, of how much, for how long, and how long is left; silent off a terminal."""
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not Console(stderr=True).is_terminal,
    )


def track(items: Iterable[_T], description: str, total: int) -> Iterator[_T]:
    """Yield ``items`` while a bar counts them."""
    with progress_bar() as bar:
        task = bar.add_task(description, total=total)
        for item in items:
            yield item
            bar.advance(task)
