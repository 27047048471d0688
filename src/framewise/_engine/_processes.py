"""Worker processes on this machine, each with a pipe of its own.

No library that was tried keeps the promise that a worker's death costs only its item: executors of the
standard library and loky give up the whole pool, and pebble, whose workers share one pipe, gives it up where
a worker dies within a moment of taking an item (3 of 6 runs of 120 such items).
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.resource_tracker import ensure_running
from typing import Any

from framewise._engine._outcome import Outcome, call
from framewise._engine._run import Team, Worker, WorkerEndedError

_SPAWN = multiprocessing.get_context("spawn")
_READY = "ready"


class Processes(Team):
    """Processes that import everything anew, so that no thread or lock of the parent is copied.

    Args:
        function: What each worker calls.
        size: Most workers at a time.
    """

    def __init__(self, function: Callable[[Any], Any], size: int) -> None:
        self._function, self.size = function, size

    def start_worker(self) -> "_ProcessWorker":
        """A new process."""
        return _ProcessWorker(self._function)

    def wait(self, workers: Sequence["_ProcessWorker"], seconds: float | None) -> None:
        """Wait for a message or a death."""
        wait([source for worker in workers for source in worker.sources()], seconds)

    def close(self) -> None:
        """Nothing is left."""


class _ProcessWorker(Worker):
    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(function, theirs), daemon=True)
        with _interrupts_blocked():
            self._process.start()
        theirs.close()
        self._ready = False

    def sources(self) -> tuple[Connection, int]:
        return self._pipe, self._process.sentinel

    def is_ready(self) -> bool:
        self._ready = self._ready or self._receive() == _READY
        return self._ready

    def give(self, item: Any) -> None:
        try:
            self._pipe.send(item)
        except OSError as error:
            raise self._ended() from error

    def take(self) -> Outcome | None:
        outcome: Outcome | None = self._receive()
        return outcome

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()

    def _receive(self) -> Any:
        # In this order: what a worker says before it dies counts.
        alive = self._process.is_alive()
        try:
            if self._pipe.poll():
                return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._ended() from error
        if not alive:
            raise self._ended()
        return None

    def _ended(self) -> WorkerEndedError:
        self._process.join()
        code = self._process.exitcode or 0
        if code >= 0:
            return WorkerEndedError(f"the worker ended with exit code {code}")
        memory = "; the system does that where memory runs out" if -code == signal.SIGKILL else ""
        return WorkerEndedError(f"the worker was ended by signal {-code} ({signal.strsignal(-code)}){memory}")


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A process started here never sees Ctrl-C, not even during its imports: ending it is the parent's."""
    ensure_running()  # Else the first start does it, and unblocks the signal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(function: Callable[[Any], Any], pipe: Connection) -> None:
    """The life of a worker: items in, outcomes out, until the parent is gone."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pipe.send(_READY)
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        for outcome in call(function, item):
            pipe.send(outcome)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has a parent"
    parent.join()
    os._exit(1)
