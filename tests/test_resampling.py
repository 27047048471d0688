"""Draws of clusters."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from framewise import _resampling
from framewise._resampling import draw_clusters, number_clusters


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 9))
def test_each_draw_has_as_many_clusters_as_there_are(clusters, draws, seed):
    counts = np.concatenate(list(draw_clusters(clusters, num_draws=draws, seed=seed)))
    assert counts.shape == (draws, clusters)
    assert (counts.sum(axis=1) == clusters).all()


def test_batches_change_nothing(monkeypatch):
    whole = np.concatenate(list(draw_clusters(7, num_draws=50, seed=3)))
    monkeypatch.setattr(_resampling, "_CELLS_AT_ONCE", 21)
    parts = list(draw_clusters(7, num_draws=50, seed=3))
    assert [len(part) for part in parts] == [3] * 16 + [2]
    assert (np.concatenate(parts) == whole).all()


def test_all_clusters_are_drawn_equally_often():
    counts = np.concatenate(list(draw_clusters(5, num_draws=20_000, seed=0)))
    assert np.abs(counts.mean(axis=0) - 1).max() < 0.03
    assert np.abs(counts.var(axis=0) - 0.8).max() < 0.05


def test_clusters_are_numbered_as_they_come():
    assert number_clusters(["b", ("a", 1), "b", "c"]).tolist() == [0, 1, 0, 2]
