import json

import pytest

from framewise._errors import UsageError
from framewise.budgets import Budget, read_budgets

ROW = {"record_id": "a", "media_index": 0, "num_frames": 8, "allocator": "fixed"}


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_budgets_round_trip(tmp_path):
    budget = Budget(
        record_id="ä",
        media_index=1,
        num_frames=16,
        allocator="x",
        probabilities={"8": 0.25, "16": 0.75},
        score=14.0,
    )
    table = write(tmp_path / "t.jsonl", budget.to_json(), {**ROW, "key_of_a_later_version": 1})
    assert read_budgets(table) == {("ä", 1): budget, ("a", 0): Budget(**ROW)}


def test_a_second_budget_for_a_video_is_an_error(tmp_path):
    table = write(tmp_path / "t.jsonl", ROW, {**ROW, "num_frames": 16})
    with pytest.raises(UsageError, match=r"row 2: a second budget for medium 0 of record 'a'"):
        read_budgets(table)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"record_id": "a"}, "row 1: not a budget"),
        ({**ROW, "num_frames": 0}, "at least 1 frame, got 0"),
    ],
)
def test_malformed_rows_are_named(tmp_path, row, message):
    with pytest.raises(UsageError, match=message):
        read_budgets(write(tmp_path / "t.jsonl", row))


def test_what_is_no_table_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        read_budgets(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="not a run directory"):
        read_budgets(tmp_path)
    (tmp_path / "t.jsonl").write_text("{nonsense\n")
    with pytest.raises(UsageError, match=r"t.jsonl:1: not JSON"):
        read_budgets(tmp_path / "t.jsonl")


def test_a_table_inside_a_run_that_did_not_finish_is_refused(dataset):
    run = dataset.allocate()
    assert len(read_budgets(run / "budgets.jsonl")) == 6
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "status": "interrupted"}))
    with pytest.raises(UsageError, match="not finished"):
        read_budgets(run / "budgets.jsonl")
