"""The order of the samples."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framewise.planning import sample_order


@given(st.integers(1, 30), st.integers(1, 100), st.integers(0, 5))
def test_every_pass_has_every_sample_once(num_samples: int, num_draws: int, seed: int) -> None:
    order = sample_order(num_samples, num_draws, seed)
    assert len(order) == num_draws
    for start in range(0, num_draws, num_samples):
        drawn = order[start : start + num_samples]
        assert len(np.unique(drawn)) == len(drawn)
        assert drawn.max() < num_samples


@given(st.integers(1, 30), st.integers(1, 50), st.integers(1, 50))
def test_a_longer_run_begins_like_a_shorter_one(num_samples: int, short: int, more: int) -> None:
    longer = sample_order(num_samples, short + more, 0)
    assert longer[:short].tolist() == sample_order(num_samples, short, 0).tolist()


def test_passes_and_seeds_differ() -> None:
    order = sample_order(50, 100, 0)
    assert order[:50].tolist() != order[50:].tolist()
    assert order[:50].tolist() != sample_order(50, 50, 1).tolist()
