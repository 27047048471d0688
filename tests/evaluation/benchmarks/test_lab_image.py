"""The lab's image questions: the file they are read from, and what is wrong with bad ones."""

import json
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise._plugins import load_plugin

ROW = {
    "item_id": "a",
    "subtask": "count",
    "cluster": "c1",
    "media": [{"kind": "image", "path": "media/c1.png"}],
    "prompt": "<image>How many circles are there? 1, 2, 3 or 4?",
    "answer": "3",
    "choices": ["1", "2", "3", "4"],
    "min_frames": 1,
}


def write_lines(root: Path, *lines: str) -> Path:
    path = root / "benchmarks/lab_image.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return root


def tiny_data_root(folder: Path) -> Path:
    """A data root in the official format; the shared contract of benchmarks is tested on it."""
    colours = {**ROW, "subtask": "attribute", "choices": ["red", "dark red", "blue"]}
    rows = [{**ROW, "item_id": f"count-{n}", "cluster": f"c{n}", "answer": str(n)} for n in (1, 2, 3, 4)]
    rows += [
        {
            **colours,
            "item_id": f"colour-{answer}",
            "prompt": "<image>Which colour has the circle: red, dark red or blue?",
            "answer": answer,
        }
        for answer in colours["choices"]
    ]
    rows += [
        {
            **ROW,
            "item_id": f"exists-{answer}",
            "subtask": "existence",
            "prompt": "<image>Is there a star?",
            "answer": answer,
            "choices": ["yes", "no"],
        }
        for answer in ("yes", "no")
    ]
    return write_lines(folder, *map(json.dumps, rows))


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "lab_image")()


def test_reads_what_the_row_says(benchmark, tmp_path):
    (item,) = benchmark.items(write_lines(tmp_path, json.dumps(ROW), ""))
    assert benchmark.modality == "image"
    assert (item.item_id, item.subtask, item.cluster, item.answer) == ("a", "count", "c1", "3")
    assert item.media[0].path == "media/c1.png"
    assert item.choices == ("1", "2", "3", "4")
    assert item.chance == 0.25


def test_scores_the_choice_that_the_text_names(benchmark, tmp_path):
    (item,) = benchmark.items(write_lines(tmp_path, json.dumps(ROW)))
    assert benchmark.score(item, "There are 3 circles.").value == 1.0
    wrong = benchmark.score(item, "There are 2.")
    assert (wrong.value, wrong.parsed) == (0.0, "2")
    unclear = benchmark.score(item, "3 or 4")
    assert (unclear.value, unclear.parsed) == (0.0, None)


def without(key):
    return json.dumps({k: v for k, v in ROW.items() if k != key})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "row: "),
        ("null", "row: "),
        *[(without(key), f"{key}: Field required") for key in ROW if key != "min_frames"],
        (json.dumps({**ROW, "item_id": 3}), "item_id: Input should be a valid string"),
        (json.dumps({**ROW, "choices": ["3"]}), "choices: List should have at least 2 items"),
        (json.dumps({**ROW, "choices": "1234"}), "choices: "),
        (json.dumps({**ROW, "answer": "5"}), "answer '5' is not one of the choices"),
        (json.dumps({**ROW, "answer": "red", "choices": ["red", "Red."]}), "differ in more than case"),
        (json.dumps({**ROW, "answer": "?", "choices": ["?", "!"]}), "must hold letters or digits"),
        (json.dumps({**ROW, "prompt": "How many?"}), "needs one marker"),
        (json.dumps({**ROW, "media": []}), "media: "),
        (json.dumps({**ROW, "media": [{"kind": "sound", "path": "x"}]}), "media.0.kind: "),
        (json.dumps({**ROW, "item_id": "first"}), "item_id 'first' stands on line 1 too"),
    ],
)
def test_a_malformed_row_names_file_and_line(benchmark, tmp_path, line, message):
    root = write_lines(tmp_path, json.dumps({**ROW, "item_id": "first"}), line)
    with pytest.raises(UsageError) as caught:
        list(benchmark.items(root))
    assert f"lab_image.jsonl:2: {message}" in str(caught.value) or (
        "lab_image.jsonl:2: " in str(caught.value) and message in str(caught.value)
    )


def test_bytes_that_are_no_text_name_file_and_line(benchmark, tmp_path):
    root = write_lines(tmp_path, "")
    (root / "benchmarks/lab_image.jsonl").write_bytes(b'{"item_id": "\xff"}\n')
    with pytest.raises(UsageError, match=r"lab_image.jsonl:1: .*decode"):
        list(benchmark.items(root))


def test_a_missing_or_empty_file_says_what_to_do(benchmark, tmp_path):
    with pytest.raises(UsageError, match="--data-root"):
        list(benchmark.items(tmp_path))
    with pytest.raises(UsageError, match="has no items"):
        list(benchmark.items(write_lines(tmp_path, "")))
