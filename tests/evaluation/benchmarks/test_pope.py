"""POPE: its four layouts, ids and images."""

import json
from pathlib import Path

import pytest
from official_files import number_of, picture, write_parquet, write_tsv

from framewise._plugins import load_plugin

SPLITS = ("random", "popular", "adversarial")
ROWS = [
    {
        "id": str(3 * place + number),
        "question_id": str(number + 1),
        "question": f"Is there a {thing} in the image?",
        "answer": answer,
        "image_source": f"COCO_val2014_{number:012d}",
        "image": picture(10 * number + 10),
        "category": split,
    }
    for place, split in enumerate(SPLITS)
    for number, (thing, answer) in enumerate((("cat", "yes"), ("dog", "no")))
]


def tiny_data_root(folder: Path) -> Path:
    write_parquet(folder / "pope/data/test-00000-of-00001.parquet", ROWS)
    return folder


def split_data_root(folder: Path) -> Path:
    for split in SPLITS:
        rows = [row for row in ROWS if row["category"] == split]
        write_parquet(folder / f"Full/{split}-00000-of-00001.parquet", rows)
    return folder


def json_data_root(folder: Path) -> Path:
    for split in SPLITS:
        lines = [
            json.dumps(
                {
                    "question_id": int(row["question_id"]),
                    "image": f"{row['image_source']}.jpg",
                    "text": row["question"],
                    "label": row["answer"],
                }
            )
            for row in ROWS
            if row["category"] == split
        ]
        (folder / f"coco_pope_{split}.json").write_text("\n".join(lines) + "\n")
    (folder / "val2014").mkdir()
    for row in ROWS:
        (folder / f"val2014/{row['image_source']}.jpg").write_bytes(row["image"])
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "pope")()


@pytest.mark.parametrize("layout", [tiny_data_root, split_data_root, json_data_root])
def test_all_layouts_say_the_same(benchmark, tmp_path, layout):
    root = layout(tmp_path)
    items = list(benchmark.items(root))
    assert [item.item_id for item in items] == [f"{split}/{n}" for split in SPLITS for n in (1, 2)]
    assert [item.answer for item in items] == ["Yes", "No"] * 3
    assert {item.cluster for item in items} == {"COCO_val2014_000000000000", "COCO_val2014_000000000001"}
    assert items[0].prompt == "<image>Is there a cat in the image?"
    benchmark.unpack(root, items)
    assert [number_of(root / item.media[0].path) for item in items] == [10, 20] * 3
    assert benchmark.describe_data(root)["rows"] == dict.fromkeys(SPLITS, 2)


def test_the_copy_without_repetitions_names_all_splits_of_a_question(benchmark, tmp_path):
    rows = [
        {
            "index": number,
            "category": category,
            "question": "Is there a cat in the image?",
            "answer": "Yes",
            "image_source": "COCO_1",
            "image": picture(5),
        }
        for number, category in enumerate(("random,popular", "adversarial"))
    ]
    write_tsv(tmp_path / "POPE.tsv", rows)
    assert [item.subtask for item in benchmark.items(tmp_path)] == ["random,popular", "adversarial"]
    assert benchmark.describe_data(tmp_path)["rows"] == dict.fromkeys(SPLITS, 1)


def test_the_prompt_of_lmms_eval_asks_for_one_word(benchmark, tmp_path):
    item = next(benchmark.items(tiny_data_root(tmp_path), prompt="lmms_eval"))
    assert item.prompt.endswith("in the image?\nAnswer the question using a single word or phrase.")
