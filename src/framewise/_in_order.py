"""Work in threads, its results in the order of what it is done on."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def in_order(
    work: Callable[[A], B], items: Iterable[A], *, num_threads: int = 1, ahead: int = 1
) -> Generator[B]:
    """Yield what work makes of the items, in their order.

    Args:
        work: Called in a thread. What it raises is raised here, when its turn comes.
        items: Each is taken when its work begins.
        num_threads: How many are in work at once.
        ahead: Results that are worked on, or wait, while the caller is busy with an earlier one.

    >>> list(in_order(abs, [-1, -2, -3]))
    [1, 2, 3]
    """
    waiting: deque[Future[B]] = deque()
    with ThreadPoolExecutor(num_threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
