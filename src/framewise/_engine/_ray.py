"""Worker processes on a Ray cluster: one actor each, so that the driver knows when an item was begun.

A plain Ray task has no time limit, and waits in queues that the driver does not see.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from framewise._engine._outcome import Outcome, call, is_stream
from framewise._engine._run import Team, Worker, WorkerEndedError
from framewise._errors import UsageError

_THREADS = "OMP_NUM_THREADS"


class RayCluster(Team):
    """The cluster that ``ray.init()`` finds, or a local one that lasts as long as the team.

    Args:
        function: What each worker calls.
        size: Most workers at a time; None, or more than the cluster has cores: its cores.
        use_gpus: Whether each worker gets a GPU, where the cluster has any; it has no more workers then.

    Raises:
        UsageError: Ray is not installed.
    """

    def __init__(self, function: Callable[[Any], Any], size: int | None, *, use_gpus: bool = False) -> None:
        # Ray reports its use to its makers if it is not told otherwise before it is imported.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ModuleNotFoundError as error:
            raise UsageError("engine ray needs Ray: pip install 'framewise[ray]'") from error
        self._ours = not ray.is_initialized()
        if self._ours:
            ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
        resources: Any = ray.cluster_resources  # type: ignore[no-untyped-call, unused-ignore]
        cores, gpus = max(1, int(resources().get("CPU", 1))), int(resources().get("GPU", 0))
        # Ray hides the GPUs from whoever asks for none.
        most = min(cores, gpus) if use_gpus and gpus else cores
        self.size = min(size or most, most)
        self._function = ray.put(function)
        self._actor = ray.remote(
            num_cpus=1, num_gpus=int(use_gpus and gpus > 0), max_restarts=0, max_task_retries=0
        )(_Actor)
        self._streams = is_stream(function)

    def start_worker(self) -> "_RayWorker":
        """A new actor, which runs as soon as the cluster has a free core."""
        return _RayWorker(self._actor.remote(self._function, os.environ.get(_THREADS)), streams=self._streams)

    def wait(self, workers: Sequence["_RayWorker"], seconds: float | None) -> None:
        """Wait for a result or a death."""
        import ray

        ray.wait([worker.pending for worker in workers], timeout=seconds, fetch_local=False)

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        import ray

        if self._ours:
            ray.shutdown()


class _Actor:
    def __init__(self, function: Callable[[Any], Any], threads: str | None) -> None:
        self._function, self._threads = function, threads

    def start(self) -> None:
        """Answers once the actor runs."""

    def call(self, item: Any) -> Outcome:
        self._set_threads()
        return next(call(self._function, item))

    def stream(self, item: Any) -> Iterator[Outcome]:
        self._set_threads()
        yield from call(self._function, item)

    def _set_threads(self) -> None:
        """As in the driver: Ray gives a worker one thread, and with another number of them sums round otherwise."""
        if self._threads is None:
            os.environ.pop(_THREADS, None)
        else:
            os.environ[_THREADS] = self._threads


class _RayWorker(Worker):
    def __init__(self, actor: Any, *, streams: bool) -> None:
        self._actor, self._streams, self._ready = actor, streams, False
        self.pending = actor.start.remote()
        """What is waited for: the start, then the outcome of one item after the other."""

    def is_ready(self) -> bool:
        # What comes after the start is read once, by ``take``.
        self._ready = self._ready or (self._has_answered() and (self._answer(), True)[1])
        return self._ready

    def give(self, item: Any) -> None:
        if self._streams:
            self.pending = self._actor.stream.options(num_returns="streaming").remote(item)
        else:
            self.pending = self._actor.call.remote(item)

    def take(self) -> Outcome | None:
        return self._answer() if self._has_answered() else None

    def kill(self) -> None:
        import ray

        ray.kill(self._actor)

    def _has_answered(self) -> bool:
        import ray

        return bool(ray.wait([self.pending], timeout=0, fetch_local=False)[0])

    def _answer(self) -> Any:
        import ray

        try:
            return ray.get(
                next(self.pending) if isinstance(self.pending, ray.ObjectRefGenerator) else self.pending
            )
        except (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError) as error:
            raise WorkerEndedError(f"the worker ended: {type(error).__name__}") from error
