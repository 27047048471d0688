from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

from framewise._artifacts import read_manifest
from framewise._errors import UsageError
from framewise._jsonl import write_rows
from framewise.budgets import Budget, Request
from framewise.budgets.allocators.shuffled import Shuffled, ShuffledSettings


def write_table(path: Path, requests: list[Request]) -> Path:
    """A different number for every video, so that it shows where each went."""
    numbered = enumerate(sorted(requests, key=lambda r: r.key), start=1)
    rows = [
        Budget(record_id=r.record.id, media_index=r.media_index, num_frames=n, allocator="x").to_json()
        for n, r in numbered
    ]
    write_rows(path, rows)
    return path


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    return {"budgets": write_table(folder / "table.jsonl", requests), "seed": 3}


def deal(table: Path, requests: list[Request], **settings) -> list[int]:
    allocator = Shuffled(ShuffledSettings(budgets=table, **settings))
    return [budget.num_frames for budget in allocator.allocate(requests)]


def test_the_same_budgets_are_dealt_to_other_videos(tmp_path, make_requests):
    requests = make_requests(50)
    table = write_table(tmp_path / "t.jsonl", requests)
    own = deal(table, requests, seed=0)
    assert sorted(own) == list(range(1, 51))
    assert own != sorted(own)
    assert own == deal(table, requests, seed=0)
    assert own != deal(table, requests, seed=1)


def test_within_a_source_budgets_stay_in_it(tmp_path, make_requests):
    requests = make_requests(40, sources=3)
    table = write_table(tmp_path / "t.jsonl", requests)
    straight = {r.key: n for n, r in enumerate(sorted(requests, key=lambda r: r.key), start=1)}
    allocator = Shuffled(ShuffledSettings(budgets=table, within="source"))
    dealt = {budget.key: budget.num_frames for budget in allocator.allocate(requests)}
    sources = {r.record.source for r in requests}
    assert len(sources) == 3
    for source in sources:
        keys = [r.key for r in requests if r.record.source == source]
        assert Counter(dealt[k] for k in keys) == Counter(straight[k] for k in keys)
    assert dealt != straight


def test_every_permutation_is_equally_likely(tmp_path, make_requests):
    requests = make_requests(3)
    table = write_table(tmp_path / "t.jsonl", requests)
    seen = Counter(tuple(deal(table, requests, seed=seed)) for seed in range(1200))
    assert seen.keys() == set(permutations((1, 2, 3)))
    # 200 expected of each, standard deviation 13; the bound is four of them, and the seeds are fixed.
    assert all(abs(count - 200) < 52 for count in seen.values())


def test_a_table_of_other_videos_is_refused(tmp_path, make_requests):
    requests = make_requests(5)
    table = write_table(tmp_path / "t.jsonl", requests[:4])
    with pytest.raises(UsageError, match="1 of their 5 videos are not in it, 0 of its budgets"):
        deal(table, requests)
    table = write_table(tmp_path / "more.jsonl", requests)
    with pytest.raises(UsageError, match="0 of their 4 videos are not in it, 1 of its budgets"):
        deal(table, requests[:4])


def test_the_reason_names_the_giver(tmp_path, make_requests):
    requests = make_requests(4)
    table = write_table(tmp_path / "t.jsonl", requests)
    for budget in Shuffled(ShuffledSettings(budgets=table)).allocate(requests):
        giver = sorted(r.record.id for r in requests)[budget.num_frames - 1]
        assert budget.reason == f"dealt from medium 0 of {giver}"


def test_through_the_stage_the_histogram_is_the_same(empty_dataset, rows, tmp_path):
    record, clip = rows
    empty_dataset.write([record(n) for n in range(30)], [clip(n) for n in range(30)])
    table = tmp_path / "table.jsonl"
    given = [2 * n + 2 for n in range(30)]
    write_rows(
        table,
        [
            {"record_id": f"r{n}", "media_index": 0, "num_frames": m, "allocator": "x"}
            for n, m in enumerate(given)
        ],
    )
    run = empty_dataset.allocate(allocator="shuffled", settings={"budgets": str(table), "seed": "5"})
    dealt = [row["num_frames"] for row in empty_dataset.rows()]
    assert sorted(dealt) == given
    assert dealt != given
    assert "budgets" in read_manifest(run)["inputs"]
