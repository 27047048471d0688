"""Times in words: upstream's where they differ, in order always."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import FramewiseError
from framewise.families._timestamps import group_times, timestamps


@given(st.integers(2, 64), st.floats(0.5, 3600.0))
def test_order_survives_every_budget_and_duration(num_frames: int, seconds: float) -> None:
    times = group_times((np.arange(num_frames) + 0.5) * seconds / num_frames, 2)
    words = timestamps(times)
    read = [float(word) for word in words]
    assert read == sorted(set(read))
    decimals = {len(word.partition(".")[2]) for word in words}
    assert len(decimals) == 1
    assert np.abs(np.array(read) - times).max() <= 0.5 * 10.0 ** -decimals.pop() + 1e-9


@given(st.lists(st.floats(0.11, 30.0), min_size=1, max_size=31))
def test_one_decimal_wherever_it_is_enough(gaps: list[float]) -> None:
    times = np.cumsum(gaps).tolist()
    assert timestamps(times) == [f"{time:.1f}" for time in times]


def test_a_group_stands_at_the_mean_of_its_ends() -> None:
    assert group_times(np.array([0.0, 1.0, 2.0, 5.0, 7.0]), 2) == [0.5, 3.5, 7.0]
    assert group_times(np.array([0.0, 1.0, 2.0, 5.0]), 3) == [1.0, 5.0]


def test_frames_at_one_time_are_an_error() -> None:
    with pytest.raises(FramewiseError, match="less than a nanosecond apart"):
        timestamps([1.0, 1.0])
