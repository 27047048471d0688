from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._artifacts import read_manifest
from framewise._jsonl import write_rows
from framewise.budgets import Budget, Failure, Request
from framewise.budgets.allocators.fused import Fused, FusedSettings, fuse

LOGS = st.floats(0, 6)


def write_table(path: Path, numbers: dict[tuple[str, int], float]) -> Path:
    rows = [
        Budget(record_id=key[0], media_index=key[1], num_frames=round(m), wanted=m, allocator="x").to_json()
        for key, m in numbers.items()
    ]
    write_rows(path, rows)
    return path


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {
        "question": write_table(folder / "q.jsonl", {r.key: 4 + 5 * n for n, r in enumerate(requests)}),
        "visual": write_table(folder / "v.jsonl", {r.key: 60.5 - 4 * n for n, r in enumerate(requests)}),
    }


@given(LOGS, LOGS, LOGS, st.floats(0, 0.5))
def test_more_demand_and_more_to_see_never_lower_the_number(demand, shown, other, strength):
    number = fuse(demand, shown, strength)
    assert fuse(demand, max(shown, other), strength) >= number - 1e-9
    assert fuse(max(demand, other), shown, strength) >= number - 1e-9
    assert min(demand, shown) - 1e-9 <= number <= max(demand, shown) + 1e-9


def test_a_still_clip_lowers_a_demanding_question_and_a_busy_one_raises_it(tmp_path, make_requests):
    requests = make_requests(3)
    keys = [r.key for r in requests]
    question = write_table(tmp_path / "q.jsonl", dict(zip(keys, (64, 16, 8), strict=True)))
    visual = write_table(tmp_path / "v.jsonl", dict(zip(keys, (2, 64, 64), strict=True)))
    still, busy, easy = Fused(FusedSettings(question=question, visual=visual)).allocate(requests)
    assert still.num_frames < 64
    assert busy.num_frames > 16
    assert easy.num_frames == 8
    assert still.details == {"question": 64.0, "visual": 2.0}
    assert still.reason == "the question demands 64.0, the clip shows 2.0: 11.3"


def test_a_video_that_one_table_lacks_is_counted(tmp_path, make_requests):
    requests = make_requests(2)
    question = write_table(tmp_path / "q.jsonl", {r.key: 16 for r in requests})
    visual = write_table(tmp_path / "v.jsonl", {requests[0].key: 16})
    found, failed = Fused(FusedSettings(question=question, visual=visual)).allocate(requests)
    assert found.num_frames == 16
    assert isinstance(failed, Failure)
    assert "not in the table of visual" in failed.reason


def test_through_the_stage_it_is_snapped_up_to_the_papers_options(dataset):
    dataset.allocate("q", settings={"num_frames": 32})
    dataset.allocate("v", settings={"num_frames": 8})
    tables = {"question": dataset.folder / "q", "visual": dataset.folder / "v"}
    run = dataset.allocate(allocator="fused", settings=tables)
    assert dataset.rows(file="wishes.jsonl")[0]["wanted"] == pytest.approx(
        2 ** (5 - 0.5 * 2 / 3 * 2), abs=1e-3
    )
    assert dataset.rows()[0]["num_frames"] == 32
    assert {"question", "visual"} <= read_manifest(run)["inputs"].keys()
