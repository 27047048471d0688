"""Checkpoints: only whole ones are gone on from, and only by the model that wrote them."""

from pathlib import Path

import pytest
import torch

from framewise._errors import FramewiseError
from framewise.training._checkpoints import last_whole, load_trainable, mark_whole, save_trainable


def test_latest_whole_one_is_found_and_torn_ones_are_deleted(tmp_path: Path) -> None:
    assert last_whole(tmp_path / "none") is None
    for step in (8, 9, 10, 11):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in (9, 10):
        mark_whole(tmp_path / f"checkpoint-{step}", {"seconds": step})
    assert last_whole(tmp_path) == (tmp_path / "checkpoint-10", {"seconds": 10})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-9"]


def test_only_what_learns_is_kept(tmp_path: Path) -> None:
    first, second = (torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)) for _ in range(2))
    for model in (first, second):
        model[0].requires_grad_(False)
    save_trainable(first, tmp_path)
    load_trainable(second, tmp_path)
    assert torch.equal(first[1].weight, second[1].weight)
    assert not torch.equal(first[0].weight, second[0].weight)
    second[0].requires_grad_(True)
    with pytest.raises(FramewiseError, match="is not of this model"):
        load_trainable(second, tmp_path)
