"""MMBench: rotations, absent options, hints and prompts."""

from pathlib import Path

import pytest
from official_files import number_of, picture, write_parquet, write_tsv

from framewise._plugins import load_plugin
from framewise.evaluation.scorers import Outcome

TEXTS = ("red", "dark red", "blue")


def rotation(k: int) -> dict:
    options = [*TEXTS[-k:], *TEXTS[:-k]] if k else list(TEXTS)
    return {
        "index": 7 + k * 1_000_000,
        "question": "Which is it?",
        "hint": "Look well." if k == 0 else "nan",
        "answer": "ABC"[options.index("dark red")],
        **dict(zip("ABCD", [*options, "nan"], strict=True)),
        "category": "ocr",
        "image": picture(50),
        "source": "s",
        "L2-category": "finegrained_perception (instance-level)",
        "comment": "nan",
        "split": "dev",
    }


ROWS = [rotation(k) for k in range(3)]


def tiny_data_root(folder: Path) -> Path:
    write_parquet(folder / "mmbench/en/dev-00000-of-00001.parquet", ROWS)
    return folder


def tsv_data_root(folder: Path) -> Path:
    names = {"L2-category": "l2-category"}
    rows = [
        {names.get(name, name): "" if cell == "nan" else cell for name, cell in row.items()} for row in ROWS
    ]
    rows[1]["image"] = rows[2]["image"] = 7
    write_tsv(folder / "MMBench_DEV_EN.tsv", rows)
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "mmbench")()


@pytest.mark.parametrize("layout", [tiny_data_root, tsv_data_root])
def test_rotations_are_items_of_one_cluster(benchmark, tmp_path, layout):
    root = layout(tmp_path)
    items = list(benchmark.items(root))
    assert [item.item_id for item in items] == ["7", "1000007", "2000007"]
    assert {item.cluster for item in items} == {"7"}
    assert [item.answer for item in items] == ["B. dark red", "C. dark red", "A. dark red"]
    assert items[0].chance == pytest.approx(1 / 3)
    benchmark.unpack(root, items)
    assert [number_of(root / item.media[0].path) for item in items] == [50] * 3
    assert benchmark.describe_data(root)["rows"] == {"questions": 1, "rotations": 2}


def test_the_prompts_are_the_tools(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    lines = "A. red\nB. dark red\nC. blue"
    assert next(benchmark.items(root)).prompt == f"<image>Look well.\nWhich is it?\n{lines}"
    assert next(benchmark.items(root, prompt="lmms_eval")).prompt == (
        f"<image>Look well. Which is it? There are several options:\n{lines}"
        "\n\nAnswer with the option's letter from the given choices directly."
    )
    _, second, _ = benchmark.items(root, prompt="vlmevalkit")
    assert second.prompt == (
        "<image>Question: Which is it?\nOptions:\nA. blue\nB. red\nC. dark red\n"
        "Please select the correct answer from the options above. \n"
    )


def test_consistency_tells_a_bias_for_positions_from_one_for_texts(benchmark, tmp_path):
    rows = [dict(item.fields) for item in benchmark.items(tiny_data_root(tmp_path))]
    rule = benchmark.scorers["robust"]
    same_text = [Outcome(next(x for x in "ABC" if row[x] == "blue"), 0.0) for row in rows]
    same_place = [Outcome("B", 0.0)] * 3
    assert rule.values(rows, same_text)["consistency"] == 1.0
    assert rule.values(rows, same_place)["consistency"] == 0.0
    assert rule.values(rows, same_place)["vanilla"] == 1.0
    assert rule.values(rows, same_place)["circular"] == 0.0
