import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._artifacts import read_manifest
from framewise._errors import FramewiseError, UsageError
from framewise.budgets import Budget, Failure, Rounding
from framewise.budgets._rounding import match_histogram
from framewise.budgets.allocators.fixed import Fixed

WISH = Budget(record_id="r", media_index=0, num_frames=10, allocator="a", reason="ten", wanted=9.3)


@pytest.mark.parametrize(("wish", "number"), [(1, 8), (8, 8), (9, 16), (33, 64), (64, 64), (900, 64)])
def test_options_are_snapped_up_to_and_the_largest_is_the_end(wish, number):
    rounded = Rounding(options=(8, 16, 32, 64)).round(replace(WISH, num_frames=wish), 2, snaps=False)
    assert rounded.num_frames == number
    assert ("becomes" in rounded.reason) == (wish != number)


def test_nothing_said_changes_nothing_but_fractions():
    assert Rounding().round(WISH, 2, snaps=False) is WISH
    assert Rounding().round(WISH, 2, snaps=True).num_frames == 16
    assert Rounding().round(WISH, 2, snaps=True).reason == "ten; 10 becomes 16 (the next option)"
    assert Rounding().config() == {}


@given(st.floats(0.1, 500), st.integers(1, 4))
def test_continuous_is_the_next_multiple_within_the_range(wanted, multiple_of):
    number = (
        Rounding(continuous=True)
        .round(replace(WISH, wanted=wanted, num_frames=math.ceil(wanted)), multiple_of, snaps=True)
        .num_frames
    )
    candidates = [m for m in range(1, 600) if m % multiple_of == 0 and m >= wanted]
    assert number == min(max(candidates[0], 4), 64)


@pytest.mark.parametrize("options", [(8, 8), (16, 8), (0, 8), (-2,)])
def test_wrong_options_are_refused(options):
    with pytest.raises(UsageError, match="different positive numbers"):
        Rounding(options=options)


def test_options_and_continuous_exclude_each_other():
    with pytest.raises(UsageError, match="exclude each other"):
        Rounding(options=(8,), continuous=True)


@given(
    st.lists(st.floats(1, 64), min_size=1, max_size=40),
    st.dictionaries(st.sampled_from([4, 8, 16, 64]), st.integers(1, 9), min_size=1),
)
def test_ranks_are_kept_and_shares_met(wanted, counts):
    histogram = list(counts.items())
    wishes = [replace(WISH, record_id=f"r{i}", wanted=w) for i, w in enumerate(wanted)]
    numbers = match_histogram(wishes, histogram).tolist()
    matched = [replace(wish, num_frames=number) for wish, number in zip(wishes, numbers, strict=True)]
    total = sum(count for _, count in histogram)
    for frames, count in histogram:
        given_to = sum(b.num_frames == frames for b in matched)
        assert abs(given_to - len(wishes) * count / total) <= 1
    ordered = sorted(matched, key=lambda b: b.wanted)
    for smaller, larger in pairwise(ordered):
        assert smaller.num_frames <= larger.num_frames or smaller.wanted == larger.wanted
    assert match_histogram(wishes[::-1], histogram).tolist() == numbers[::-1]


def test_through_the_stage_the_histogram_is_the_given_one(dataset):
    run = dataset.allocate(
        allocator="by_duration", settings={"fps": 8}, rounding=Rounding(histogram=((2, 4), (8, 2)))
    )
    assert [row["num_frames"] for row in dataset.rows()].count(8) == 2
    assert read_manifest(run)["config"]["histogram"] == [[2, 4], [8, 2]]


def test_per_video_all_questions_get_the_largest(empty_dataset, rows, monkeypatch):
    record, clip = rows
    records = [record(n) for n in range(4)]
    for row in records[:3]:
        row["media"][0]["path"] = "0.mp4"
    records[2]["media"][0]["end_seconds"] = 4.0
    empty_dataset.write(records, [clip(0), clip(3)])
    original = Fixed.allocate

    def growing(self, requests, *, done=()):
        for number, budget in enumerate(original(self, requests, done=done)):
            yield replace(budget, num_frames=(8, 32, 16, 4)[number])

    monkeypatch.setattr(Fixed, "allocate", growing)
    run = empty_dataset.allocate(rounding=Rounding(per="video"))
    budgets = {row["record_id"]: row for row in empty_dataset.rows()}
    assert [budgets[f"r{n}"]["num_frames"] for n in range(4)] == [32, 32, 16, 4]
    assert "8 becomes 32 (the largest of the questions about this video)" in budgets["r0"]["reason"]
    assert read_manifest(run)["config"]["per"] == "video"
    empty_dataset.allocate("each")
    assert [row["num_frames"] for row in empty_dataset.rows("each")] == [8, 32, 16, 4]


def test_through_the_stage_the_wish_is_kept_and_a_snap_is_no_clamp(dataset):
    run = dataset.allocate(settings={"num_frames": 10}, rounding=Rounding(options=(8, 16)))
    assert {row["num_frames"] for row in dataset.rows(file="wishes.jsonl")} == {10}
    assert [row["num_frames"] for row in dataset.rows()] == [16, 16, 16, 4, 1, 16]
    assert json.loads((run / "summary.json").read_text())["num_clamped"] == 2
    with pytest.raises(UsageError, match=r"config\.options"):
        dataset.allocate(settings={"num_frames": 10})


def test_what_an_allocator_fails_on_is_counted_and_listed(dataset, monkeypatch):
    original = Fixed.allocate

    def failing(self, requests, *, done=()):
        for budget in original(self, requests, done=done):
            if budget.record_id in failed:
                yield Failure(record_id=budget.record_id, media_index=0, status="odd", reason="it is odd")
            else:
                yield budget

    monkeypatch.setattr(Fixed, "allocate", failing)
    failed = {"r1", "r4"}
    run = dataset.allocate()
    assert [row["record_id"] for row in dataset.rows()] == ["r0", "r2", "r3", "r5"]
    assert [(row["record_id"], row["path"], row["status"]) for row in dataset.rows(file="skipped.jsonl")] == [
        ("r1", "1.mp4", "odd"),
        ("r4", "4.mp4", "odd"),
    ]
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["n"], summary["num_skipped"], summary["skipped"]) == (4, 2, {"odd": 2})
    failed = {f"r{n}" for n in range(6)}
    with pytest.raises(FramewiseError, match="no video has a budget; the last of them: odd, it is odd"):
        dataset.allocate("none")
