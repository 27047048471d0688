import json
import math
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise._artifacts import read_manifest
from framewise._errors import UsageError
from framewise._jsonl import write_rows
from framewise.budgets import Budget, Failure, Request
from framewise.budgets._votes import fit_weights, weighted_median
from framewise.budgets.allocators.consensus import Consensus, ConsensusSettings


def write_table(path: Path, numbers: dict[tuple[str, int], int], name: str = "x") -> Path:
    write_rows(
        path,
        [
            Budget(record_id=key[0], media_index=key[1], num_frames=m, allocator=name).to_json()
            for key, m in numbers.items()
        ],
    )
    return path


def example_settings(folder: Path, requests: list[Request], tiny_checkpoint: Path) -> dict[str, object]:
    """Settings for the contract of all allocators."""
    tables = [
        write_table(folder / f"{seed}.jsonl", {r.key: 8 + 3 * n * seed for n, r in enumerate(requests)})
        for seed in (1, 2, 3)
    ]
    return {"budgets": ",".join(map(str, tables))}


def vote(tmp_path, requests, *numbers: int, **settings) -> Budget | Failure:
    tables = [write_table(tmp_path / f"{i}.jsonl", {requests[0].key: m}) for i, m in enumerate(numbers)]
    (found,) = Consensus(ConsensusSettings(budgets=tuple(tables), **settings)).allocate(requests[:1])
    return found


def test_agreement_is_the_number_itself(tmp_path, make_requests):
    found = vote(tmp_path, make_requests(1), 16, 16, 16)
    assert (found.num_frames, found.score) == (16, 0.0)
    assert list(found.details.values()) == [16.0] * 3


def test_disagreement_raises_and_is_recorded(tmp_path, make_requests):
    found = vote(tmp_path, make_requests(1), 8, 16, 64)
    assert found.score == pytest.approx((1 + 0 + 2) / 3, abs=1e-4)
    assert found.wanted == pytest.approx(2 ** (4 + 1), abs=1e-2)
    assert "the median of 8, 16, 64 is 16.0; a disagreement of 1.00 doublings makes it 32.0" in found.reason
    assert vote(tmp_path, make_requests(1), 8, 16, 64, caution=0).num_frames == 16
    assert vote(tmp_path, make_requests(1), 8, 16, 64, caution=99).num_frames == 64


def test_weights_decide(tmp_path, make_requests):
    assert vote(tmp_path, make_requests(1), 8, 8, 64, weights=(1, 1, 3), caution=0).num_frames == 64


@given(st.lists(st.tuples(st.floats(0, 6), st.floats(0.1, 5)), min_size=1, max_size=8))
def test_the_median_is_the_value_of_least_weighted_distance(pairs):
    values, weights = zip(*pairs, strict=True)
    found = weighted_median(values, weights)
    costs = [sum(w * abs(v - c) for v, w in pairs) for c in (*values, found)]
    assert costs[-1] == pytest.approx(min(costs))


def test_fitted_weights_follow_the_errors_and_are_shrunk():
    keys = [(f"r{n}", 0) for n in range(80)]
    truth = dict.fromkeys(keys, 8)

    def table(log_error: float) -> dict:
        return {
            key: Budget(record_id=key[0], media_index=0, num_frames=round(8 * 2**log_error), allocator="x")
            for key in keys
        }

    weights = fit_weights([table(1), table(2)], truth)
    assert sum(weights) == pytest.approx(1)
    assert weights == pytest.approx([0.8 * 2 / 3 + 0.1, 0.8 / 3 + 0.1])
    few = fit_weights([table(1), table(2)], dict(list(truth.items())[:1]))
    assert few[0] == pytest.approx(0.5, abs=0.02)


def test_labels_of_other_videos_are_refused(tmp_path, make_requests):
    requests = make_requests(2)
    truth = tmp_path / "truth.jsonl"
    write_rows(truth, [{"record_id": "another", "media_index": 0, "min_frames": 8}])
    with pytest.raises(UsageError, match="no labelled video is in all tables"):
        vote(tmp_path, requests, 8, 16, truth=truth)


def test_a_table_without_a_video_has_no_vote_on_it(tmp_path, make_requests):
    first, second, third = make_requests(3)
    tables = (
        write_table(tmp_path / "a.jsonl", {first.key: 8, second.key: 16}, "a"),
        write_table(tmp_path / "b.jsonl", {first.key: 8}, "b"),
    )
    found = list(Consensus(ConsensusSettings(budgets=tables)).allocate([first, second, third]))
    assert [budget.num_frames for budget in found[:2]] == [8, 16]
    assert list(found[1].details) == ["0:a"]
    assert (found[2].key, found[2].status) == (third.key, "no_votes")


def test_the_tables_are_inputs_of_the_run(dataset):
    for name, number in (("a", 8), ("b", 16)):
        dataset.allocate(name, settings={"num_frames": number})
    both = f"{dataset.folder / 'a'},{dataset.folder / 'b'}"
    run = dataset.allocate(allocator="consensus", settings={"budgets": both})
    manifest = read_manifest(run)
    assert {"budgets/0", "budgets/1"} <= manifest["inputs"].keys()
    assert "budgets" not in manifest["config"]["settings"]
    assert dataset.rows()[0]["num_frames"] == 16
    assert json.loads((run / "summary.json").read_text())["n"] == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budgets": "one"}, "at least 2"),
        ({"budgets": "a,b", "weights": "1,2,3"}, "3 weights for 2 tables"),
        ({"budgets": "a,b", "weights": "1,2", "truth": "t.jsonl"}, "exclude each other"),
    ],
)
def test_wrong_settings_are_refused(dataset, settings, message):
    with pytest.raises(UsageError, match=message):
        dataset.allocate(allocator="consensus", settings=settings)


def test_votes_of_every_pair_lie_between_them(tmp_path, make_requests):
    requests = make_requests(1)
    for a, b in product((2, 8, 20, 64), repeat=2):
        assert min(a, b) <= vote(tmp_path, requests, a, b).num_frames <= max(a, b)
        assert math.log2(vote(tmp_path, requests, a, b).wanted) == pytest.approx(
            math.log2(max(a, b)), abs=1e-3
        )
