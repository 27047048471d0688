"""Threads that keep the order: all results, none too early, and no work after an error."""

import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._in_order import in_order


@given(st.lists(st.integers()), st.integers(1, 4), st.integers(0, 5))
def test_results_come_in_the_order_of_the_items(items, num_threads, ahead):
    found = list(in_order(lambda x: x + 1, items, num_threads=num_threads, ahead=ahead))
    assert found == [x + 1 for x in items]


@pytest.mark.parametrize("num_threads", [1, 3])
def test_an_error_of_one_ends_the_work(num_threads):
    done: list[int] = []

    def work(item: int) -> int:
        if item == 5:
            raise ValueError("gone")
        done.append(item)
        return item

    found: list[int] = []
    with pytest.raises(ValueError, match="gone"):
        found.extend(in_order(work, range(1000), num_threads=num_threads, ahead=3))
    assert found == list(range(5))
    assert len(done) < 5 + 3 + num_threads


@pytest.mark.parametrize("ahead", [1, 2, 4])
def test_work_goes_on_while_the_caller_is_busy_but_not_further_than_allowed(ahead):
    begun = threading.Semaphore(0)

    def work(item: int) -> int:
        begun.release()
        return item

    with closing(in_order(work, range(100), ahead=ahead)) as results:
        for more in (1 + ahead, 1, 1):
            next(results)
            assert all(begun.acquire(timeout=10) for _ in range(more))
            assert not begun.acquire(timeout=0.02)
