import pytest

from framewise._errors import UsageError
from framewise.budgets import TokenCount, describe_budgets


def test_fixed_arms_are_clamped_as_the_budgets_are(dataset):
    run = dataset.allocate(settings={"num_frames": 16})
    found = describe_budgets(run)
    # Clips of 64, 64, 31, 5, 1 and 64 frames, in twos.
    assert {arm.num_frames: arm.mean_frames * 6 for arm in found.fixed} == {
        8: 3 * 8 + 8 + 4 + 1,
        16: 3 * 16 + 16 + 4 + 1,
        32: 3 * 32 + 30 + 4 + 1,
        64: 3 * 64 + 30 + 4 + 1,
    }
    assert found.summary["mean_frames"] == found.fixed[1].mean_frames
    assert found.visual_tokens is None
    assert found.fixed[0].visual_tokens is None


def test_tokens_are_counted_under_the_runs_model_or_another(dataset, tiny_checkpoint):
    run = dataset.allocate(settings={"num_frames": 16}, tokens=TokenCount(model=str(tiny_checkpoint)))
    found = describe_budgets(run)
    assert found.visual_tokens == found.summary["visual_tokens"] == found.fixed[1].visual_tokens
    tokens = [arm.visual_tokens for arm in found.fixed]
    assert tokens == sorted(set(tokens))
    plain = dataset.allocate("plain", settings={"num_frames": 16})
    assert describe_budgets(plain, tokens=TokenCount(model=str(tiny_checkpoint))).visual_tokens == tokens[1]


def test_skipped_videos_are_no_hindrance(dataset, rows):
    record, clip = rows
    dataset.write([record(n) for n in range(4)], [clip(1), clip(3)])
    assert describe_budgets(dataset.allocate()).fixed[0].mean_frames == 8


def test_records_that_are_gone_are_named(dataset, rows):
    record, clip = rows
    run = dataset.allocate()
    dataset.write([record(n) for n in range(3)], [clip(n) for n in range(6)])
    with pytest.raises(UsageError, match="has no video 0 of record 'r3' any more"):
        describe_budgets(run)


def test_an_unfinished_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not a run directory"):
        describe_budgets(tmp_path)
