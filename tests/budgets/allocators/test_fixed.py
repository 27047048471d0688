from pathlib import Path

from framewise.budgets import Request
from framewise.budgets.allocators.fixed import Fixed, FixedSettings


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"num_frames": 16}


def test_every_video_gets_the_number(make_requests):
    budgets = list(Fixed(FixedSettings(num_frames=3)).allocate(make_requests(4)))
    assert [b.num_frames for b in budgets] == [3] * 4
    assert {b.reason for b in budgets} == {"every video gets 3"}
