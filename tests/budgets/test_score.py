import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._errors import UsageError
from framewise._jsonl import write_rows
from framewise.budgets import Budget, score_budgets
from framewise.budgets._agreement import doublings, quadratic_kappa
from framewise.budgets._bootstrap import mean_with_interval
from framewise.budgets._score import calibration_error

CLASSES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=30)


def slow_kappa(pairs: list[tuple[int, int]]) -> float:
    """By the confusion matrix, as textbooks have it."""
    n, size = len(pairs), 7
    observed = np.zeros((size, size))
    for a, b in pairs:
        observed[a, b] += 1 / n
    weights = np.array([[(i - j) ** 2 / (size - 1) ** 2 for j in range(size)] for i in range(size)])
    expected = np.outer(observed.sum(1), observed.sum(0))
    return (
        1.0
        if (weights * expected).sum() == 0
        else 1 - (weights * observed).sum() / (weights * expected).sum()
    )


@given(CLASSES)
def test_kappa_is_the_textbooks(pairs):
    a, b = np.array(pairs).T
    assert quadratic_kappa(a, b) == pytest.approx(slow_kappa(pairs), abs=1e-9)


def test_doublings_by_hand():
    assert doublings(np.array([1, 2, 3, 4, 5, 8, 9, 64.0])).tolist() == [0, 1, 2, 2, 3, 3, 4, 6]


def budget(probabilities: dict[str, float]) -> Budget:
    return Budget(record_id="r", media_index=0, num_frames=8, allocator="a", probabilities=probabilities)


def test_calibration_by_hand():
    budgets = [budget({"8": 0.25, "16": 0.5, "32": 0.25})] * 4
    # "8 is enough" is claimed with 0.25 and holds for 1 in 4; "16 is enough" with 0.75 and for 2 in 4.
    assert calibration_error(budgets, np.array([8, 16, 32, 32.0])) == pytest.approx((0 + 0.25) / 2)
    assert calibration_error([budget({})], np.array([8.0])) is None


def test_the_numbers_by_hand(dataset):
    first = dataset.allocate("sixteen", settings={"num_frames": 16})
    second = dataset.allocate("eight", settings={"num_frames": 8})
    needs = [8, 64, 16, 4, 1]
    truth = dataset.folder / "truth.jsonl"
    write_rows(
        truth, [{"record_id": f"r{n}", "media_index": 0, "min_frames": m} for n, m in enumerate(needs)]
    )
    found = score_budgets([first, second], truth)
    given = [16, 16, 16, 4, 1]
    score = found.scores[0]
    assert (score.name, score.n, found.num_clusters, found.num_left_out) == ("sixteen", 5, 5, 0)
    assert score.starved.mean == pytest.approx(1 / 5)
    assert score.wasted.mean == pytest.approx(8 / 5)
    assert score.log2_error.mean == pytest.approx((1 + 2) / 5)
    assert score.mean_frames.mean == pytest.approx(sum(given) / 5)
    assert score.kappa == pytest.approx(
        quadratic_kappa(doublings(np.array(given, float)), doublings(np.array(needs)))
    )
    assert score.calibration is None
    (difference,) = found.differences
    assert (difference.name, difference.other) == ("eight", "sixteen")
    assert difference.starved.mean == pytest.approx(1 / 5)
    assert difference.starved.low <= difference.starved.mean <= difference.starved.high
    assert score_budgets([first, second], truth) == found


def test_only_videos_of_all_tables_are_compared(dataset, rows):
    record, clip = rows
    whole = dataset.allocate("whole")
    dataset.write([record(n) for n in range(4)], [clip(n) for n in range(4)])
    part = dataset.allocate("part")
    truth = dataset.folder / "truth.jsonl"
    write_rows(truth, [{"record_id": f"r{n}", "min_frames": 8} for n in range(6)])
    found = score_budgets([whole, part], truth)
    assert (found.scores[0].n, found.num_left_out) == (4, 2)


def test_questions_about_one_video_are_one_cluster(empty_dataset, rows):
    record, clip = rows
    records = [record(n) for n in range(6)]
    for row in records[:4]:
        row["media"][0]["path"] = "0.mp4"
    empty_dataset.write(records, [clip(0), clip(4), clip(5)])
    run = empty_dataset.allocate()
    assert score_budgets([run], run).num_clusters == 3


def test_an_allocation_can_be_the_truth(dataset):
    run = dataset.allocate()
    (score,) = score_budgets([run], run).scores
    assert (score.starved.mean, score.wasted.mean, score.log2_error.mean, score.kappa) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"record_id": "r0"}, "row 1: needs 'record_id' and 'min_frames'"),
        ({"record_id": "r0", "min_frames": 0}, "a positive whole number"),
        ({"record_id": "other", "min_frames": 8}, "no video of .* is in all of"),
    ],
)
def test_a_truth_that_does_not_fit_is_named(dataset, row, message):
    run = dataset.allocate()
    truth = dataset.folder / "truth.jsonl"
    write_rows(truth, [row])
    with pytest.raises(UsageError, match=message):
        score_budgets([run], truth)
    with pytest.raises(UsageError, match="does not exist"):
        score_budgets([run], dataset.folder / "nothing")


def test_the_interval_covers_and_widens_with_clusters():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    single = mean_with_interval(values, range(400))
    # 1.96 standard errors to either side.
    half = 1.96 * values.std() / math.sqrt(400)
    assert single.high - single.low == pytest.approx(2 * half, rel=0.1)
    same = mean_with_interval(np.repeat(values[:40], 10), np.repeat(np.arange(40), 10).tolist())
    alone = mean_with_interval(values[:40], range(40))
    assert (same.low, same.high) == pytest.approx((alone.low, alone.high))
