"""Asking, here or spread over workers each of which opens the model once; the rows are the same."""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from framewise._artifacts import RunDirectory
from framewise._engine import Engine, TaskFault, inside, run_tasks
from framewise._errors import FramewiseError, UsageError
from framewise._in_order import in_order
from framewise._jsonl import Row, write_json
from framewise._progress import track
from framewise.clips import make_decoder
from framewise.evaluation._asking import (
    FAILURES,
    PREDICTIONS,
    STATUS,
    Asker,
    Batch,
    ReadBatch,
    failure_row,
    finished_items,
    pending_batches,
)
from framewise.evaluation._benchmark import Benchmark, Item
from framewise.evaluation._frame_counts import FrameCounts
from framewise.evaluation._media import Reader
from framewise.evaluation._model import Model

READING = "reading.json"
"""What the model stated of itself when it was opened: a run that goes on may have nothing left to ask it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """What a worker has to know; everything in it can be sent to another process."""

    open_model: Callable[[], Model]
    benchmarks: Mapping[str, Benchmark]
    counts: FrameCounts
    data_root: Path
    decoder: str
    replicate: int | None
    max_new_tokens: int
    whole_batches: bool
    """Whether answers depend on the batch, so that one is never asked in part."""
    folder: Path
    """What these paths, and those of the model, are relative to."""

    def open(self) -> Asker:
        """Open the model.

        Raises:
            UsageError: The model or the decoder cannot be opened, or it reads other numbers of frames together.
        """
        model = self.open_model()
        multiple = model.temporal_multiple
        if self.replicate is not None and self.replicate % multiple:
            raise UsageError(
                f"replicate={self.replicate}: the model reads {multiple} frames together; give a multiple of it"
            )
        reader = Reader(
            data_root=self.data_root,
            decoder=make_decoder(self.decoder),
            multiple_of=multiple,
            counts=self.counts,
            replicate=self.replicate,
        )
        return Asker(model, self.benchmarks, reader, self.max_new_tokens)


@dataclass(frozen=True)
class Asked:
    """What a batch came to."""

    rows: Sequence[tuple[str, Row]]
    """File and row of every item."""
    num_halved: int
    """How often the batch was halved."""
    reading: Mapping[str, Any] | None
    """What the model states of itself; None where its worker died."""


def ask_pending(
    run: RunDirectory,
    job: Job,
    items: Mapping[str, Sequence[Item]],
    *,
    batch_size: int,
    engine: Engine | None = None,
    num_workers: int | None = None,
) -> int:
    """Ask what earlier attempts did not; each batch's rows are on disk as soon as it is answered.

    A batch that a kill left half written is asked as a whole, so that its padding is what it was; only the rows that
    are missing are kept. A batch whose worker dies is lost, and no other: its items are listed as failures, and asked
    again when the run goes on. Workers ask the same batches by the same code, so they get the same answers, as far as
    their machines compute alike: another number of threads or another kind of GPU may round otherwise.

    Args:
        run: Where rows go, in the order of asking once all are there.
        job: How items are asked.
        items: All items, by benchmark.
        batch_size: Most items asked at once.
        engine: Who starts the workers; None: this process asks.
        num_workers: Workers of the engine.

    Returns:
        How often a batch was halved.

    Raises:
        UsageError: The model cannot be opened, or there are workers without an engine.
        FramewiseError: A server is gone.
    """
    if num_workers is not None and engine is None:
        raise UsageError("workers are an engine's: name one, processes or ray")
    done = finished_items(run)
    batches = pending_batches(items, done, batch_size, whole=job.whole_batches)
    num_halved, stated = 0, False
    with closing(_answers(job, batches, engine, num_workers)) as answers:
        for (name, _), asked in track(answers, "evaluate (batches)", total=len(batches)):
            if asked.reading is not None and not stated:
                write_json(run.path / READING, dict(asked.reading))
                stated = True
            num_halved += asked.num_halved
            for file, row in asked.rows:
                if (name, row["item_id"]) not in done:
                    run.append(file, row)
    _sort_rows(run, items)
    return num_halved


def _answers(
    job: Job, batches: Sequence[Batch], engine: Engine | None, num_workers: int | None
) -> Generator[tuple[Batch, Asked]]:
    if not batches:
        return
    if engine is None:
        yield from _ask_here(replace(job.open(), num_threads=_num_readers()), batches)
        return
    tasks = run_tasks(partial(ask_batch, job), batches, engine=engine, num_workers=num_workers, use_gpus=True)
    with closing(tasks) as results:
        for batch, found in results:
            yield batch, _lost(batch, found) if isinstance(found, TaskFault) else found


def _num_readers() -> int:
    """One core is left to the model. Workers have a core each, and read in one thread."""
    return max(len(os.sched_getaffinity(0)) - 1, 1)


def _ask_here(asker: Asker, batches: Sequence[Batch]) -> Generator[tuple[Batch, Asked]]:
    """While the model is asked, the next batch is read; of no more than these two the frames are in memory."""
    with closing(in_order(asker.read, batches)) as read:
        for batch in batches:
            yield batch, _ask(asker, next(read))


def _lost(batch: Batch, fault: TaskFault) -> Asked:
    """The failures of a batch whose worker died.

    Raises:
        UsageError: The worker could not begin, and no other can.
        FramewiseError: Likewise, or a server is gone.
    """
    if fault.kind == "error":
        raise (UsageError if fault.usage else FramewiseError)(fault.reason)
    name, items = batch
    reason = f"the worker died that asked it together with {len(items) - 1} others: {fault.reason}"
    rows = [(FAILURES, {**failure_row(name, item, reason), STATUS: fault.kind}) for item in items]
    return Asked(rows, 0, None)


def ask_batch(job: Job, batch: Batch) -> Asked:
    """In a worker: ask one batch."""
    with inside(job.folder):
        asker = _opened(job)
        return _ask(asker, asker.read(batch))


@lru_cache(maxsize=1)
def _opened(job: Job) -> Asker:
    """Once in the life of a worker."""
    return job.open()


def _ask(asker: Asker, read: ReadBatch) -> Asked:
    before = asker.num_halved
    rows = asker.ask(read)
    return Asked(rows, asker.num_halved - before, asker.model.reading())


def _sort_rows(run: RunDirectory, items: Mapping[str, Sequence[Item]]) -> None:
    """Bring the rows into the order of asking, whichever worker was faster, or which were asked again."""
    asked = pending_batches(items, set(), 1)
    places = {(name, item.item_id): place for place, (name, [item]) in enumerate(asked)}
    for file in (PREDICTIONS, FAILURES):
        rows = run.rows(file)
        ordered = sorted(rows, key=lambda row: places[row["benchmark"], row["item_id"]])
        if ordered != rows:
            run.write_rows(file, ordered)
