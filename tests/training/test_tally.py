"""Sums of a run."""

import json

import pytest

from framewise.training._dataset import SampleFacts
from framewise.training._tally import Counted, Tally

FAILURE = {"record_id": "1", "media_index": 0, "path": "a.mp4", "status": "truncated", "reason": "short"}


def counted(group: str, loss: float, tokens: int, *frames: int) -> Counted:
    return Counted(SampleFacts(group=group, num_visual_tokens=10, video_frames=frames), loss, tokens)


def test_losses_are_means_over_tokens() -> None:
    tally = Tally()
    tally.count([counted("8", 6.0, 2, 8), counted("8", 3.0, 1, 8), counted("image", 1.0, 4)], [])
    tally.count([counted("16", 4.0, 2, 16), counted("8", 0.0, 1, 8)], [])
    assert tally.close_window() == {
        "loss": 14.0 / 10,
        "loss_by_budget": {"8": 9.0 / 4, "16": 2.0, "image": 0.25},
    }
    assert list(tally.losses) == ["8", "image", "16"]
    assert tally.close_window() == {"loss": None, "loss_by_budget": {}}
    assert (tally.num_samples, tally.visual_tokens) == (5, 50)
    assert tally.budgets_histogram == {"8": 3, "16": 1}
    assert tally.mean_frames == pytest.approx(40 / 4)


def test_a_failure_counts_once() -> None:
    tally = Tally()
    assert tally.count([], [FAILURE, FAILURE]) == [FAILURE]
    assert tally.count([], [dict(FAILURE)]) == []
    assert tally.mean_frames == 0.0


def test_state_goes_through_json_exactly() -> None:
    tally = Tally()
    tally.count([counted("8", 0.1 + 0.2, 3, 8)], [FAILURE])
    restored = Tally.from_json(json.loads(json.dumps(tally.to_json())))
    assert restored == tally
    for each in (tally, restored):
        each.count([counted("8", 0.7, 3, 8)], [FAILURE])
    assert restored.close_window() == tally.close_window()
