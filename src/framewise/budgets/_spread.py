"""An allocation over several workers, each of which opens the allocator once."""

import time
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from framewise._engine import Engine, TaskFault, inside, run_tasks
from framewise._errors import FramewiseError, UsageError
from framewise._plugins import load_plugin
from framewise.budgets._budget import Allocator, Budget, Failure, Key, Request, Settings
from framewise.budgets._requests import collect_requests
from framewise.clips import open_clips

Wish = Budget | Failure

_CHUNK_SECONDS = 0.5
"""Most of its time that a worker keeps to itself: what a kill costs."""
_CHUNK_WISHES = 1000


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """What a worker has to know; it reads the records itself."""

    allocator: str
    settings: Settings
    records: Path
    media_root: Path | None
    clips: Path
    num_shares: int
    folder: Path
    """What these paths, and those of the settings, are relative to."""


def decide(
    job: Job, engine: Engine | None, requests: Sequence[Request], done: Collection[Key]
) -> Iterator[Wish]:
    """Yield a wish for each request that is not done.

    Args:
        job: What is to be done.
        engine: Where; None, or for an allocator that does not spread: here, in the allocator's order.
        requests: All of them, sorted by key.
        done: Keys that an earlier, interrupted run has decided.

    Raises:
        FramewiseError: A worker died, or the allocator failed.
        UsageError: The allocator cannot be opened.
    """
    plugin: type[Allocator] = load_plugin("allocators", job.allocator)
    if engine is None or not plugin.spreads(job.settings):
        return plugin(job.settings).allocate(requests, done=done)
    return _spread(job, engine, frozenset(done), uses_gpu=plugin.uses_gpu)


def _spread(job: Job, engine: Engine, done: frozenset[Key], *, uses_gpu: bool) -> Iterator[Wish]:
    """What all workers decide, as they decide it: in no order, and the same set as one allocator alone."""
    tasks: Generator[tuple[int, Any]] = run_tasks(
        partial(decide_share, job, done), range(job.num_shares), engine=engine, num_workers=job.num_shares,
        use_gpus=uses_gpu,
    )  # fmt: skip
    with closing(tasks) as results:
        for share, found in results:
            if not isinstance(found, TaskFault):
                yield from found
            elif found.usage:
                raise UsageError(found.reason)
            elif found.kind == "error":
                raise FramewiseError(found.reason)
            else:
                raise FramewiseError(
                    f"worker {share + 1} of {job.num_shares}: {found.reason}; run the command again to go on"
                )


def decide_share(job: Job, done: frozenset[Key], share: int) -> Iterator[list[Wish]]:
    """In a worker: yield the wishes of one share, several at a time."""
    with inside(job.folder):
        allocator, requests = _opened(job)
        shares = allocator.shares(requests, job.num_shares)
        others = {request.key for request, own in zip(requests, shares, strict=True) if own != share}
        if len(others | done) < len(requests):
            yield from _in_chunks(allocator.allocate(requests, done=others | done))


@lru_cache(maxsize=1)
def _opened(job: Job) -> tuple[Allocator, Sequence[Request]]:
    """Once in the life of a worker, whatever the number of its shares."""
    plugin: type[Allocator] = load_plugin("allocators", job.allocator)
    videos = collect_requests(job.records, job.media_root, open_clips(job.clips))
    return plugin(job.settings), videos.requests.sorted()


def _in_chunks(wishes: Iterable[Wish]) -> Iterator[list[Wish]]:
    chunk: list[Wish] = []
    began = time.monotonic()
    for wish in wishes:
        chunk.append(wish)
        if len(chunk) == _CHUNK_WISHES or time.monotonic() > began + _CHUNK_SECONDS:
            yield chunk
            chunk, began = [], time.monotonic()
    if chunk:
        yield chunk
