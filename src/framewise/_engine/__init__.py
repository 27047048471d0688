"""Calls of one function on many items, each in a worker process whose death or hanging costs that item alone.

for item, result in run_tasks(measure, paths, num_workers=4, timeout_seconds=60):
    if isinstance(result, TaskFault):
        ...
"""

import os
from collections.abc import Callable, Generator, Iterable
from typing import Literal, TypeVar

from framewise._engine._folder import inside
from framewise._engine._outcome import TaskFault
from framewise._engine._processes import Processes
from framewise._engine._run import run
from framewise._errors import UsageError

__all__ = ["Engine", "TaskFault", "inside", "run_tasks"]

Engine = Literal["processes", "ray"]
_T = TypeVar("_T")
_R = TypeVar("_R")


def run_tasks(
    function: Callable[[_T], _R],
    items: Iterable[_T],
    *,
    engine: Engine = "processes",
    num_workers: int | None = None,
    timeout_seconds: float | None = None,
    use_gpus: bool = False,
) -> Generator[tuple[_T, _R | TaskFault]]:
    """Yield each item with what the function gives for it, in the order in which they are done.

    Items are drawn as workers become free, so a stream of millions never lies in memory. Workers are fresh
    Python processes (nothing is forked); a script that calls this needs ``if __name__ == "__main__":``. When
    the generator is closed, or the parent is interrupted or killed, the workers end.

    Args:
        function: A function at the top of a module, or a ``functools.partial`` of one. What a generator yields
            comes one by one, each with the item, as soon as it is there.
        items: What it is called with; anything that can be sent to another process.
        engine: ``processes`` on this machine, or ``ray``: the cluster that ``RAY_ADDRESS`` names or that runs
            on this machine, else one that is started and ended here.
        num_workers: Items at work at once; None: the cores that this process may use, or the cluster's.
        timeout_seconds: Longest time that one item may take, imports not counted; None: no limit.
        use_gpus: Whether each of Ray's workers gets a GPU, where the cluster has any. Processes share theirs.

    Yields:
        The item, and the function's result or a fault: ``timeout``, ``crash`` (the worker was killed, died
        or ran out of memory) or ``error`` (a FramewiseError).

    Raises:
        UsageError: A number is not positive, or the engine is not installed.
        FramewiseError: Workers die before they begin.
        RuntimeError: The function raised something else, which is a bug; the message has its traceback.
    """
    if num_workers is not None and num_workers < 1:
        raise UsageError(f"num_workers={num_workers}: at least 1 worker is needed")
    if timeout_seconds is not None and timeout_seconds <= 0:
        raise UsageError(f"timeout_seconds={timeout_seconds}: a time limit is positive")
    if engine == "processes":
        return run(Processes(function, num_workers or len(os.sched_getaffinity(0))), items, timeout_seconds)
    if engine == "ray":
        from framewise._engine._ray import RayCluster

        return run(RayCluster(function, num_workers, use_gpus=use_gpus), items, timeout_seconds)
    raise UsageError(f"unknown engine {engine!r}: known are processes and ray")
