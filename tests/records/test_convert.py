"""Datasets in one layout written in another."""

import json
from pathlib import Path

import pytest

from framewise._errors import FramewiseError, UsageError
from framewise.records import convert_records, read_records


def ours(name: str, **window: float) -> dict:
    return {
        "id": name,
        "source": "s",
        "task": "open_ended",
        "media": [{"kind": "video", "path": f"{name}.mp4", **window}],
        "turns": [{"role": "user", "text": "<video>?"}],
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "in.jsonl"
    rows = [json.dumps(ours("a")), "{broken", json.dumps(ours("b", start_seconds=1.0)), json.dumps(ours("c"))]
    file.write_text("\n".join(rows))
    return file


def test_what_cannot_be_said_is_counted_with_its_line(source: Path, tmp_path: Path) -> None:
    done = convert_records(source, to="sharegpt", output=tmp_path / "out.json")
    assert done.num_written == 2
    assert [(b.line, "start_seconds" in b.reason) for b in done.bad_rows] == [(2, False), (3, True)]
    assert [row["id"] for row in json.loads((tmp_path / "out.json").read_text())] == ["a", "c"]


def test_a_layout_that_can_say_it_keeps_it(source: Path, tmp_path: Path) -> None:
    convert_records(source, to="messages", output=tmp_path / "out.parquet")
    convert_records(tmp_path / "out.parquet", to="framewise", output=tmp_path / "back.jsonl")
    assert [json.loads(line) for line in (tmp_path / "back.jsonl").read_text().splitlines()] == [
        ours("a"),
        ours("b", start_seconds=1.0),
        ours("c"),
    ]


def test_a_file_may_be_converted_onto_itself(source: Path) -> None:
    convert_records(source, to="messages", output=source)
    assert [r.id for r in read_records(source)] == ["a", "b", "c"]


def test_nothing_to_write_is_a_failure_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(json.dumps(ours("b", start_seconds=1.0)))
    with pytest.raises(FramewiseError, match=r"none of 1 rows could be written; the first: .*in.jsonl:1"):
        convert_records(file, to="llava", output=tmp_path / "out.jsonl")
    assert [p.name for p in tmp_path.iterdir()] == ["in.jsonl"]


def test_mistakes_are_found_before_reading(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'sharegpt'"):
        convert_records(source, to="sharegtp", output=tmp_path / "out.json")
    with pytest.raises(UsageError, match="lies in the folder of records"):
        convert_records(tmp_path, to="sharegpt", output=tmp_path / "sub" / "out.json")
    with pytest.raises(UsageError, match="suffix"):
        convert_records(source, to="sharegpt", output=tmp_path / "out.csv")
