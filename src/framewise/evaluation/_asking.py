"""Items into rows: media read, the model asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from framewise._artifacts import RunDirectory
from framewise._chat_client import ChatClient, NoReplyError
from framewise._errors import FramewiseError
from framewise._in_order import in_order
from framewise._jsonl import Row, RowWriter
from framewise.evaluation._benchmark import Benchmark, Item
from framewise.evaluation._media import Reader
from framewise.evaluation._model import Model, OutOfMemoryError, Question, Reply
from framewise.evaluation._subset import batch_items

PREDICTIONS = "predictions.jsonl"
FAILURES = "failures.jsonl"
STATUS = "status"
"""Key of a failure to which a server gave no reply, or whose worker died: what came instead. It may be asked again."""

Key = tuple[str, str]
"""Benchmark and item id."""

Batch = tuple[str, list[Item]]
"""A benchmark's name and items of it that are asked together."""


def finished_items(run: RunDirectory) -> set[Key]:
    """Items that earlier attempts answered, or could not read."""
    rows = [*run.open_rows(PREDICTIONS), *run.open_rows(FAILURES)]
    return {(row["benchmark"], row["item_id"]) for row in rows}


def forget_unanswered(run: RunDirectory, server: ChatClient | None) -> None:
    """Let the items be asked again to which a server gave no reply, or whose worker died, though the run be finished.

    Raises:
        UsageError: There are such items and no server answers; the run stays what it was.
    """
    file = run.path / FAILURES
    if file.exists():
        # Cuts what a kill left unfinished.
        RowWriter(file).close()
    rows = run.rows(FAILURES)
    kept = [row for row in rows if STATUS not in row]
    if len(kept) == len(rows):
        return
    if server is not None:
        server.check()
    if run.finished:
        run.reopen()
    run.write_rows(FAILURES, kept)


def pending_batches(
    items: Mapping[str, Sequence[Item]], done: set[Key], batch_size: int, *, whole: bool = True
) -> list[Batch]:
    """Batches that hold an item which is not done.

    Args:
        items: All items to be asked, by benchmark.
        done: What ``finished_items`` found.
        batch_size: Most items in a batch.
        whole: Whether they hold what is done as well, for a model whose answers depend on the batch.
    """
    batches = (
        (name, [item for item in batch if whole or (name, item.item_id) not in done])
        for name, questions in items.items()
        for batch in batch_items(questions, batch_size)
    )
    return [
        (name, batch) for name, batch in batches if any((name, item.item_id) not in done for item in batch)
    ]


@dataclass(frozen=True)
class ReadBatch:
    """A batch whose media are in memory."""

    benchmark: str
    questions: Sequence[Question]
    failures: Sequence[tuple[str, Row]]
    """File and row of each item that cannot be read."""


@dataclass
class Asker:
    """Reads the media of items and asks a model."""

    model: Model
    benchmarks: Mapping[str, Benchmark]
    reader: Reader
    max_new_tokens: int
    num_threads: int = 1
    """Items of a batch whose media are read at once."""
    num_halved: int = 0
    """How often a batch had to be halved, because there was no memory for it."""

    def read(self, batch: Batch) -> ReadBatch:
        """Read the media; another thread may do so while the model is asked."""
        benchmark, items = batch
        questions: list[Question] = []
        failures: list[tuple[str, Row]] = []
        read = in_order(
            partial(self._read, benchmark), items, num_threads=self.num_threads, ahead=self.num_threads
        )
        for item, found in zip(items, read, strict=True):
            try:
                if isinstance(found, FramewiseError):
                    raise found
                self.model.check(found)
                questions.append(found)
            except FramewiseError as error:
                failures.append((FAILURES, failure_row(benchmark, item, str(error))))
        return ReadBatch(benchmark, questions, failures)

    def ask(self, read: ReadBatch) -> list[tuple[str, Row]]:
        """File and row of every item of the batch: failures, then predictions."""
        failures = list(read.failures)
        answered: list[tuple[str, Row]] = []
        for question, reply in zip(read.questions, self._replies(read.questions), strict=True):
            if isinstance(reply, Reply):
                answered.append((PREDICTIONS, _prediction_row(read.benchmark, question, reply)))
            else:
                failures.append((FAILURES, _no_reply_row(read.benchmark, question.item, reply)))
        return failures + answered

    def _read(self, benchmark: str, item: Item) -> Question | FramewiseError:
        try:
            return self.reader.question(benchmark, self.benchmarks[benchmark], item)
        except FramewiseError as error:
            return error

    def _replies(self, questions: Sequence[Question]) -> list[Reply | FramewiseError]:
        """A reply to each question, or why there is none."""
        if not questions:
            return []
        try:
            return [*self.model.reply(questions, max_new_tokens=self.max_new_tokens)]
        except OutOfMemoryError as error:
            if len(questions) == 1:
                return [error]
        self.num_halved += 1
        half = len(questions) // 2
        return self._replies(questions[:half]) + self._replies(questions[half:])


def _prediction_row(benchmark: str, question: Question, reply: Reply) -> Row:
    item, media = question.item, question.frames
    times = np.concatenate([frames.times_seconds for frames in media]) if media else np.zeros(0)
    return {
        **_heading(benchmark, item),
        "prompt": item.prompt,
        "prediction": reply.text,
        "finish_reason": reply.finish_reason,
        "answer": item.answer,
        "choices": list(item.choices),
        "chance": item.chance,
        "fields": dict(item.fields),
        "media": [medium.path for medium in item.media],
        "frames": len(times),
        "height": max((frames.pixels.shape[1] for frames in media), default=0),
        "width": max((frames.pixels.shape[2] for frames in media), default=0),
        "times": [round(float(time), 6) for time in times],
        "visual_tokens": reply.num_visual_tokens,
    }


def failure_row(benchmark: str, item: Item, reason: str) -> Row:
    """The row of an item that got no answer."""
    return {**_heading(benchmark, item), "media": [medium.path for medium in item.media], "reason": reason}


def _no_reply_row(benchmark: str, item: Item, error: FramewiseError) -> Row:
    status = {STATUS: error.status} if isinstance(error, NoReplyError) else {}
    return {**failure_row(benchmark, item, str(error)), **status}


def _heading(benchmark: str, item: Item) -> dict[str, Any]:
    return {"item_id": item.item_id, "benchmark": benchmark, "subtask": item.subtask, "cluster": item.cluster}
