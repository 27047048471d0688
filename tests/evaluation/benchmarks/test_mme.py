"""MME: its two layouts, ids, prompts and images."""

from pathlib import Path

import pytest
from official_files import number_of, picture, write_parquet, write_tsv

from framewise._errors import UsageError
from framewise._plugins import load_plugin

ROWS = [
    {
        "question_id": f"{category}/{image:04d}.png",
        "image": picture(10 * image),
        "question": f"Is there a {thing} in this image? Please answer yes or no.",
        "answer": answer,
        "category": category,
    }
    for category, image in (("existence", 1), ("existence", 2), ("OCR", 1))
    for thing, answer in (("cat", "Yes"), ("dog", "No"))
]


def tiny_data_root(folder: Path) -> Path:
    write_parquet(folder / "mme/data/test-00000-of-00002.parquet", ROWS[:3])
    write_parquet(folder / "mme/data/test-00001-of-00002.parquet", ROWS[3:])
    return folder


def tsv_data_root(folder: Path) -> Path:
    rows = [
        {
            "index": index,
            "category": row["category"],
            "image_path": row["question_id"],
            "question": row["question"],
            "answer": row["answer"],
            "image": row["image"] if index % 2 == 0 else index - 1,
        }
        for index, row in enumerate(ROWS)
    ]
    write_tsv(folder / "MME.tsv", rows)
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "mme")()


@pytest.mark.parametrize("layout", [tiny_data_root, tsv_data_root])
def test_both_layouts_say_the_same(benchmark, tmp_path, layout):
    items = list(benchmark.items(layout(tmp_path)))
    assert [item.item_id for item in items][:3] == [
        "existence/existence/0001.png#0",
        "existence/existence/0001.png#1",
        "existence/existence/0002.png#0",
    ]
    assert [item.answer for item in items] == ["Yes", "No"] * 3
    assert [item.cluster for item in items][::2] == [
        "existence/existence/0001.png",
        "existence/existence/0002.png",
        "OCR/OCR/0001.png",
    ]
    assert items[0].prompt == "<image>Is there a cat in this image? Please answer yes or no."


@pytest.mark.parametrize("layout", [tiny_data_root, tsv_data_root])
def test_images_are_unpacked_for_the_items_that_need_them(benchmark, tmp_path, layout):
    items = list(benchmark.items(layout(tmp_path)))
    benchmark.unpack(tmp_path, items[2:4])
    there = [(tmp_path / item.media[0].path).is_file() for item in items]
    assert there == [False, False, True, True, False, False]
    benchmark.unpack(tmp_path, items)
    assert [number_of(tmp_path / item.media[0].path) for item in items] == [10, 10, 20, 20, 10, 10]


def test_the_prompt_of_lmms_eval_asks_for_one_word(benchmark, tmp_path):
    item = next(benchmark.items(tiny_data_root(tmp_path), prompt="lmms_eval"))
    assert item.prompt == (
        "<image>Is there a cat in this image?\nAnswer the question using a single word or phrase."
    )


def test_missing_files_and_unknown_prompts_say_what_to_do(benchmark, tmp_path):
    with pytest.raises(
        UsageError, match=r"hf download lmms-lab-encoder/MME .*formerly lmms-lab/MME.*MME\.tsv"
    ):
        list(benchmark.items(tmp_path))
    with pytest.raises(UsageError, match="did you mean 'official'"):
        list(benchmark.items(tiny_data_root(tmp_path), prompt="offical"))


def test_what_was_read_is_described_with_its_differences(benchmark, tmp_path):
    root = tiny_data_root(tmp_path)
    note = root / "mme/.cache/huggingface/download/data/test-00000-of-00002.parquet.metadata"
    note.parent.mkdir(parents=True)
    note.write_text(f"{'a' * 40}\netag\n1.0\n")
    found = benchmark.describe_data(root)
    assert (found["layout"], found["revision"]) == ("parquet", "a" * 40)
    assert found["rows"] == {"existence": 4, "OCR": 2}
    assert "mme: celebrity has 0 rows, the specification 340" in found["differences"]
    assert len(found["sha256"]) == 2


def test_a_tsv_that_is_not_the_published_one_is_named(benchmark, tmp_path):
    differences = benchmark.describe_data(tsv_data_root(tmp_path))["differences"]
    assert differences[-1].startswith("mme: MME.tsv is not the published file")


def test_damaged_tables_are_usage_errors(benchmark, tmp_path):
    path = tmp_path / "mme/data/test-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match="is no parquet file"):
        list(benchmark.items(tmp_path))
    write_parquet(path, [{**ROWS[0], "answer": None}])
    with pytest.raises(UsageError, match="is malformed"):
        list(benchmark.items(tmp_path))
    write_parquet(path, [{name: value for name, value in ROWS[0].items() if name != "question"}])
    with pytest.raises(UsageError, match="it lacks 'question'"):
        list(benchmark.items(tmp_path))


@pytest.mark.parametrize("cell", [None, {"bytes": None, "path": "x.png"}])
def test_a_row_without_an_image_gives_no_file_so_that_it_is_a_counted_failure(benchmark, tmp_path, cell):
    rows = [{**ROWS[0], "image": cell}, {**ROWS[1], "image": {"bytes": ROWS[1]["image"], "path": None}}]
    write_parquet(tmp_path / "data/test-00000-of-00001.parquet", rows)
    items = list(benchmark.items(tmp_path))
    benchmark.unpack(tmp_path, items)
    assert [(tmp_path / item.media[0].path).exists() for item in items] == [False, True]
