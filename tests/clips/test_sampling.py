"""Frame sampling against a slow reference that follows the definition word by word."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from framewise._errors import FramewiseError
from framewise.clips import sample

_RATES = st.sampled_from([1.0, 7.5, 10.0, 15.0, 23.976, 24.0, 25.0, 29.97, 30.0, 60.0])


def slow_sample(
    times: list[float], m: int, multiple: int, start: float | None, end: float | None
) -> list[int]:
    """Segment by segment: the frame on screen at the middle, or the next free one, leaving enough."""
    duration = times[-1] + (times[-1] / (len(times) - 1) if len(times) > 1 else 0.0)
    begin, until = start or 0.0, duration if end is None else min(end, duration)
    if len(times) == 1:
        return [0]

    def on_screen(moment: float) -> int:
        return max(k for k, time in enumerate(times) if time <= moment + 1e-6)

    allowed = [k for k in range(len(times)) if k >= on_screen(begin) and times[k] < until - 1e-6]
    m = min(m, len(allowed))
    if m >= multiple:
        m = m // multiple * multiple
    chosen: list[int] = []
    for i in range(m):
        shown = on_screen(begin + (i + 0.5) * (until - begin) / m)
        free = [k for k in allowed if k >= shown and (not chosen or k > chosen[-1])]
        latest = allowed[len(allowed) - (m - i)]
        chosen.append(min(free[0], latest) if free else latest)
    return chosen


@st.composite
def uneven_times(draw: st.DrawFn) -> list[float]:
    """Frame times at a variable rate, in whole hundredths of a second: no rounded grid."""
    gaps = draw(st.lists(st.integers(1, 200), min_size=1, max_size=60))
    times = np.concatenate([[0], np.cumsum(gaps)]) / 100
    return [float(t) for t in times]


@settings(max_examples=300, deadline=None)
@given(
    times=uneven_times(),
    m=st.integers(1, 80),
    multiple=st.sampled_from([1, 2, 3, 4]),
    window=st.tuples(st.floats(0, 0.9), st.floats(0.05, 1.2)),
    windowed=st.booleans(),
)
def test_equals_the_slow_reference(
    times: list[float], m: int, multiple: int, window: tuple[float, float], windowed: bool
) -> None:
    start = end = None
    if windowed:
        start = round(window[0] * times[-1], 3) + 0.0005
        end = start + max(0.01, round(window[1] * times[-1], 3))
    found = sample(np.array(times), m, multiple_of=multiple, start_seconds=start, end_seconds=end)
    assert found.indices.tolist() == slow_sample(times, m, multiple, start, end)
    assert_array_equal(found.times_seconds, np.array(times)[found.indices])
    assert (np.diff(found.indices) > 0).all()
    assert found.requested == m
    assert found.clamped == (len(found) < m)


@settings(max_examples=300, deadline=None)
@given(n=st.integers(1, 400), m=st.integers(1, 128), rate=_RATES, rounded=st.booleans())
def test_constant_rate_is_the_closed_form(n: int, m: int, rate: float, rounded: bool) -> None:
    times = np.arange(n) / rate
    times = np.round(times, 3) if rounded else times
    taken = min(m, n)
    assert sample(times, m).indices.tolist() == [(2 * i + 1) * n // (2 * taken) for i in range(taken)]


@settings(max_examples=100, deadline=None)
@given(times=uneven_times())
def test_all_frames_is_the_identity_at_any_rate(times: list[float]) -> None:
    found = sample(np.array(times), len(times))
    assert found.indices.tolist() == list(range(len(times)))
    assert not found.clamped


@pytest.mark.parametrize(
    ("n", "m", "multiple", "taken", "clamped"),
    [
        (64, 8, 2, 8, False),
        (64, 7, 2, 6, True),
        (5, 8, 2, 4, True),
        (1, 8, 2, 1, True),
        (3, 8, 4, 3, True),
        (64, 1, 2, 1, False),
        (10, 10, 1, 10, False),
    ],
)
def test_clamp_and_multiple(n: int, m: int, multiple: int, taken: int, clamped: bool) -> None:
    found = sample(np.arange(n) / 8, m, multiple_of=multiple)
    assert (len(found), found.clamped, found.requested) == (taken, clamped, m)


def test_a_window_takes_what_is_on_screen_in_it() -> None:
    times = np.arange(40) / 10
    found = sample(times, 100, start_seconds=1.05, end_seconds=2.0)
    assert found.indices.tolist() == list(range(10, 20)), (
        "frame 10 is on screen at 1.05 s, frame 20 begins at 2 s"
    )
    assert sample(times, 2, start_seconds=1.0, end_seconds=2.0).indices.tolist() == [12, 17]
    assert sample(times, 1, start_seconds=3.0, end_seconds=99.0).indices.tolist() == [35]
    assert sample(np.zeros(1), 4, start_seconds=3.0, end_seconds=5.0).indices.tolist() == [0]


def test_a_long_still_frame_does_not_repeat() -> None:
    times = np.array([0.0, 0.1, 0.2, 20.0, 20.1])
    assert sample(times, 2).indices.tolist() == [2, 3], (
        "both middles fall on frame 2; the second takes the next"
    )


@pytest.mark.parametrize("window", [(4.0, None), (5.0, 6.0), (2.0, 2.0), (2.0, 1.0), (-1.0, 2.0)])
def test_an_empty_window_is_an_error(window: tuple[float, float | None]) -> None:
    with pytest.raises(FramewiseError, match="holds nothing"):
        sample(np.arange(40) / 10, 4, start_seconds=window[0], end_seconds=window[1])


def test_senseless_numbers_are_refused() -> None:
    for times, m, multiple in ((np.zeros(0), 4, 1), (np.arange(4.0), 0, 1), (np.arange(4.0), 4, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            sample(times, m, multiple_of=multiple)


def test_the_place_in_each_segment_is_chosen_and_middles_are_the_default():
    times = np.arange(64) / 8
    assert (
        sample(times, 4).indices.tolist() == sample(times, 4, place=0.5).indices.tolist() == [8, 24, 40, 56]
    )
    assert sample(times, 4, place=0.0).indices.tolist() == [0, 16, 32, 48]
    assert sample(times, 4, place=0.99).indices.tolist() == [15, 31, 47, 63]
    for place in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="place must be"):
            sample(times, 4, place=place)
