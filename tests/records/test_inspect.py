"""What a dataset holds, counted."""

import json
from pathlib import Path

import pytest

from framewise.records import TableRow, inspect_records


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    def row(source: str, question: str, media: list[str], turns: int = 1) -> str:
        talk = [
            {"role": "user", "text": question + "<video>" * len(media)},
            {"role": "assistant", "text": "A"},
        ]
        talk += [{"role": "user", "text": "And?"}, {"role": "assistant", "text": "B"}] * (turns - 1)
        return json.dumps(
            {"source": source, "turns": talk, "media": [{"kind": "video", "path": p} for p in media]}
        )

    rows = [
        row("nextqa", "Which?\nA. x\nB. y\n", ["a.mp4"]),
        row("nextqa", "Who?\nA. x\nB. y\n", ["a.mp4"], turns=3),
        row("nextqa", "Why?", ["b.mp4"]),
        row("youcook2", "Describe the video.", ["b.mp4", "a.mp4"]),
        row("charades", "Where?\nA. x\nB. y\n", ["c.mp4"]),
        row("charades", "Hello", []),
        "{broken",
    ]
    (tmp_path / "a.mp4").touch()
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(rows))
    return file


def test_counts(dataset: Path) -> None:
    found = inspect_records(dataset)
    assert found.num_records == 6
    assert found.by_source == {"nextqa": 3, "charades": 2, "youcook2": 1}
    assert found.by_task == {"caption": 1, "open_ended": 2, "multiple_choice": 3}
    assert found.by_turns == {1: 5, 3: 1}
    assert found.by_media == {"1 video": 4, "2 video": 1, "none": 1}
    assert found.num_files == 3
    assert [(m.path, m.line, m.num_records) for m in found.missing] == [("b.mp4", 3, 2), ("c.mp4", 5, 1)]
    assert [b.line for b in found.bad_rows] == [7]


def test_table_a_has_tasks_in_the_papers_order_and_sources_by_size(dataset: Path) -> None:
    assert inspect_records(dataset).table == (
        TableRow("caption", "youcook2", 1),
        TableRow("open_ended", "charades", 1),
        TableRow("open_ended", "nextqa", 1),
        TableRow("multiple_choice", "nextqa", 2),
        TableRow("multiple_choice", "charades", 1),
    )


def test_everything_is_json(dataset: Path) -> None:
    found = inspect_records(dataset).to_json()
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(found | {"by_turns": {"1": 5, "3": 1}}))
    assert set(found["table"][0]) == {"task", "source", "num_samples"}
