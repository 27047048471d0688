"""Writing rows: whole or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from framewise._errors import UsageError
from framewise.records import write_dataset

ROWS = [{"id": "a", "n": 1}, {"id": "ü", "media": ["x", "y"]}, {"id": "c", "n": 2.5}]


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet", ".JSON"])
def test_rows_come_back(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / "new" / f"rows{suffix}"
    assert write_dataset(file, iter(ROWS)) == 3
    if suffix == ".parquet":
        found = [{k: v for k, v in row.items() if v is not None} for row in pq.read_table(file).to_pylist()]
    elif suffix == ".jsonl":
        found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    else:
        found = json.loads(file.read_text(encoding="utf-8"))
    assert found == ROWS
    assert [p.name for p in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet"])
def test_no_rows_are_a_valid_file(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows{suffix}"
    assert write_dataset(file, []) == 0
    assert file.exists()


def test_columns_that_appear_late_are_kept(tmp_path: Path) -> None:
    rows = [{"id": str(i)} for i in range(3000)] + [{"id": "last", "extra": {"a": [1.5]}}]
    write_dataset(tmp_path / "rows.parquet", rows)
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist()[-1] == {"id": "last", "extra": {"a": [1.5]}}


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet"])
def test_a_failure_leaves_the_old_file_and_no_part(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows{suffix}"
    file.write_text("old")

    def failing() -> Iterator[dict]:
        yield ROWS[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_dataset(file, failing())
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [file.name]


def test_mixed_types_are_no_parquet_column(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"one type a column.*\.jsonl"):
        write_dataset(tmp_path / "rows.parquet", [{"video": "a"}, {"video": ["a", "b"]}])
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"suffix '.csv': .json, .jsonl, .parquet files are written"):
        write_dataset(tmp_path / "rows.csv", [])
