"""MMStar: its two layouts, options and prompts."""

from pathlib import Path

import pytest
from official_files import number_of, picture, write_parquet, write_tsv

from framewise._errors import UsageError
from framewise._plugins import load_plugin

OPTIONS = (("red", "dark red", "blue", "green"), ("one, two", "three", "four", "five"))
ROWS = [
    {
        "index": index,
        "question": "Which is it?\nOptions: " + ", ".join(map("{}: {}".format, "ABCD", options)),
        "image": picture(10 + index),
        "answer": "BD"[index],
        "category": ("math", "coarse perception")[index],
        "l2_category": ("geometry", "image emotion")[index],
        "meta_info": {"source": "s", "split": "val", "image_path": f"images/{index}.jpg"},
    }
    for index, options in enumerate(OPTIONS)
]


def tiny_data_root(folder: Path) -> Path:
    write_parquet(folder / "mmstar/mmstar.parquet", ROWS)
    return folder


def tsv_data_root(folder: Path) -> Path:
    rows = [
        {
            "index": row["index"],
            "question": "Which is it?",
            **dict(zip("ABCD", OPTIONS[row["index"]], strict=True)),
            **{name: row[name] for name in ("answer", "category", "l2_category", "image")},
        }
        for row in ROWS
    ]
    write_tsv(folder / "MMStar.tsv", rows)
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "mmstar")()


@pytest.mark.parametrize("prompt", ["official", "lmms_eval", "vlmevalkit"])
def test_both_layouts_ask_the_same(benchmark, tmp_path, prompt):
    one, two = tmp_path / "one", tmp_path / "two"
    parquet = list(benchmark.items(tiny_data_root(one), prompt=prompt))
    tsv = list(benchmark.items(tsv_data_root(two), prompt=prompt))
    for a, b in zip(parquet, tsv, strict=True):
        assert (a.item_id, a.prompt, a.choices, a.answer) == (b.item_id, b.prompt, b.choices, b.answer)
    assert parquet[1].choices == ("A. one, two", "B. three", "C. four", "D. five")
    assert [item.answer for item in parquet] == ["B. dark red", "D. five"]
    benchmark.unpack(two, tsv)
    assert [number_of(two / item.media[0].path) for item in tsv] == [10, 11]


def test_the_prompts_are_the_tools(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    assert next(benchmark.items(root, prompt="lmms_eval")).prompt == (
        "<image>Which is it?\nOptions: A: red, B: dark red, C: blue, D: green"
        "\nAnswer with the option's letter from the given choices directly"
    )
    assert next(benchmark.items(root, prompt="vlmevalkit")).prompt == (
        "<image>Question: Which is it?\nOptions:\nA. red\nB. dark red\nC. blue\nD. green\n"
        "Please select the correct answer from the options above. \n"
    )


def test_options_in_another_form_are_a_usage_error(benchmark, tmp_path):
    write_parquet(tmp_path / "mmstar.parquet", [{**ROWS[0], "question": "Which? (A) red (B) blue"}])
    with pytest.raises(UsageError, match="are not A to D"):
        list(benchmark.items(tmp_path))
