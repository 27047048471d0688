from collections import Counter
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise.budgets import Request
from framewise.budgets.allocators.random_range import RandomRange, RandomRangeSettings


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"min_frames": 3, "max_frames": 20}


def test_all_numbers_of_the_range_are_equally_likely(make_requests):
    settings = RandomRangeSettings(min_frames=8, max_frames=11)
    seen = Counter(b.num_frames for b in RandomRange(settings).allocate(make_requests(2000)))
    assert seen.keys() == {8, 9, 10, 11}
    # 500 expected of each, standard deviation 19; the bound is four of them, and the draws are fixed.
    assert all(abs(count - 500) < 78 for count in seen.values())


def test_a_video_keeps_its_number_whatever_else_is_there(make_requests):
    requests = make_requests(50)
    whole = {b.key: b for b in RandomRange(RandomRangeSettings()).allocate(requests)}
    for budget in RandomRange(RandomRangeSettings()).allocate(requests[10:20]):
        assert whole[budget.key] == budget
    other = {b.key: b for b in RandomRange(RandomRangeSettings(seed=1)).allocate(requests)}
    assert other != whole


def test_a_range_that_is_none_is_refused(dataset):
    with pytest.raises(UsageError, match="min_frames=33 is above max_frames=32"):
        dataset.allocate(allocator="random_range", settings={"min_frames": 33})
