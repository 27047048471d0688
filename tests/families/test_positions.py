"""Positions: order and distances of time for every budget and duration, and text after media."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import FramewiseError
from framewise.families._positions import Grid, forbid_half_precision, sequence_positions, time_coordinates

BUDGETS = (8, 16, 32, 64)


def coordinates(num_frames: int, seconds: float, rate: float = 2.0) -> np.ndarray:
    times = np.arange(num_frames) * seconds / num_frames
    return time_coordinates(times, frames_per_group=2, tokens_per_second=rate)


@pytest.mark.parametrize("num_frames", BUDGETS)
def test_times_increase_and_stay_true_for_every_duration(num_frames: int) -> None:
    for seconds in np.arange(3.0, 180.5, 0.5):
        found = coordinates(num_frames, float(seconds))
        positions = sequence_positions([5000, Grid(times=found, height=2, width=2)], "after_max")
        times = positions[0, 5000::4].numpy()
        assert (np.diff(times) > 0).all(), seconds
        true = np.arange(num_frames // 2) * 2 * seconds / num_frames * 2.0
        assert np.abs(times - times[0] - true).max() < 1.0, seconds


@given(
    st.lists(st.floats(0.01, 30.0), min_size=1, max_size=63),
    st.sampled_from([1.0, 2.0, 4.0, 25.0]),
)
def test_uneven_times_keep_their_order(gaps: list[float], rate: float) -> None:
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    found = time_coordinates(times, frames_per_group=2, tokens_per_second=rate)
    assert found[0] == 0
    assert (np.diff(found) > 0).all()
    assert (np.abs(found - times[::2] * rate) < 1).all()


def test_whole_numbers_of_the_weights_are_kept_where_they_tell_times_apart() -> None:
    assert coordinates(8, 8.0).tolist() == [0, 4, 8, 12]
    assert coordinates(8, 9.0).tolist() == [0, 4, 9, 13]


def test_real_values_where_whole_numbers_would_merge() -> None:
    assert coordinates(8, 1.0).tolist() == [0, 0.5, 1.0, 1.5]


def test_rounding_noise_does_not_lower_a_whole_number() -> None:
    times = np.array([0.0, 0.29])
    assert time_coordinates(times, frames_per_group=1, tokens_per_second=100).tolist() == [0, 29]


def test_start_of_the_clip_does_not_matter() -> None:
    times = np.arange(8.0)
    shifted = time_coordinates(times + 17.3, frames_per_group=2, tokens_per_second=2)
    np.testing.assert_allclose(shifted, time_coordinates(times, frames_per_group=2, tokens_per_second=2))


def slow_positions(spans: list[int | Grid], rule: str) -> list[list[float]]:
    """Token by token, from the definition."""
    rows: list[list[float]] = []
    start = 0
    for span in spans:
        if isinstance(span, int):
            for _ in range(span):
                rows.append([start] * 3)
                start += 1
            continue
        new = [
            [start + t, start + h, start + w]
            for t in span.times
            for h in range(span.height)
            for w in range(span.width)
        ]
        rows += new
        largest = max(max(row) for row in new)
        start = int(largest) + 1 if rule == "after_max" else start + max(span.height, span.width)
    return rows


@given(
    st.lists(
        st.one_of(
            st.integers(1, 5),
            st.builds(
                lambda steps, h, w: Grid(times=np.cumsum([0.0, *steps]), height=h, width=w),
                st.lists(st.sampled_from([0.25, 1.0, 3.0]), max_size=4),
                st.integers(1, 4),
                st.integers(1, 4),
            ),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["after_max", "after_extent"]),
)
def test_equal_to_the_slow_definition(spans: list[int | Grid], rule: str) -> None:
    found = sequence_positions(spans, rule)
    assert found.dtype == torch.float32
    assert found.T.tolist() == slow_positions(spans, rule)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("named", [True, False])
def test_half_precision_is_refused(dtype: torch.dtype, named: bool) -> None:
    class Rotary(torch.nn.Module):
        def forward(self, x: torch.Tensor, position_ids: torch.Tensor) -> torch.Tensor:
            return x + position_ids

    rotary = Rotary()
    forbid_half_precision(rotary)
    states, positions = torch.zeros(1, dtype=dtype), torch.zeros(1, dtype=dtype)
    with pytest.raises(FramewiseError, match="merges positions above 256"):
        rotary(states, position_ids=positions) if named else rotary(states, positions)
    assert rotary(states, positions.float()) == 0
