"""Files of rows as inputs of a run."""

from pathlib import Path

from framewise.diagnostics._inputs import recorded_inputs
from framewise.records import record_inputs


def test_files_of_one_name_in_two_folders_both_count(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "data" / folder).mkdir(parents=True)
        (tmp_path / "data" / folder / "rows.jsonl").write_text("{}\n")
    (tmp_path / "data" / "clip.mp4").write_bytes(b"no rows")
    found = record_inputs(tmp_path / "data")
    assert found.keys() == {"records/data/a/rows.jsonl", "records/data/b/rows.jsonl"}
    assert len(set(found.values())) == 2
    assert len(recorded_inputs([], images=tmp_path / "data")) == 2


def test_one_file_is_named_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("{}\n")
    assert record_inputs(file, "images") == {"images/rows.jsonl": file}
