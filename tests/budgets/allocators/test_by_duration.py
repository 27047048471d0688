from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise.budgets import Request, Rounding
from framewise.budgets.allocators.by_duration import ByDuration, ByDurationSettings


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"fps": 3.3}


@pytest.mark.parametrize(
    ("seconds", "settings", "number"),
    [(8.0, {}, 16), (8.4, {}, 16), (0.5, {}, 4), (900.0, {}, 64), (10.0, {"fps": 0.5, "min_frames": 1}, 5)],
)
def test_seconds_times_rate_within_bounds(empty_dataset, rows, seconds, settings, number):
    record, clip = rows
    empty_dataset.write([record(0)], [clip(0, 1000, duration_seconds=seconds, fps=1000 / seconds)])
    empty_dataset.allocate(allocator="by_duration", settings=settings, multiple_of=1)
    assert empty_dataset.rows()[0]["num_frames"] == number


def test_the_window_counts_and_not_what_lies_behind_the_clip(empty_dataset, rows):
    record, clip = rows
    records = [record(n) for n in range(3)]
    windows = [{"start_seconds": 2.0, "end_seconds": 5.0}, {"start_seconds": 5.0, "end_seconds": 99.0}, {}]
    for row, window in zip(records, windows, strict=True):
        row["media"][0] |= window
    empty_dataset.write(records, [clip(n) for n in range(3)])
    empty_dataset.allocate(allocator="by_duration", settings={"fps": "4"})
    assert [row["num_frames"] for row in empty_dataset.rows()] == [12, 12, 32]
    assert empty_dataset.rows()[0]["reason"] == "3.00 s at 4 a second, 4 to 64"


def test_continuous_rounds_the_fraction_up(make_requests):
    (wish,) = ByDuration(ByDurationSettings(fps=1.3)).allocate(make_requests(1))
    assert (wish.num_frames, wish.wanted) == (10, 10.4)
    assert Rounding(continuous=True).round(wish, 2, snaps=False).num_frames == 12


def test_bounds_that_cross_are_refused(dataset):
    with pytest.raises(UsageError, match="min_frames=9 is above max_frames=8"):
        dataset.allocate(allocator="by_duration", settings={"min_frames": 9, "max_frames": 8})
