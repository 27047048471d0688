"""The tables below a comparison: benchmarks, causes, arms against each other, flipped items."""

from framewise._jsonl import read_json, read_rows
from framewise.report.sections._comparison_details import benchmark_lines, between_lines, flips_shown


def test_lines_say_what_the_comparison_says(example):
    comparison = read_json(example[0] / "comparison.json")
    lines = benchmark_lines(comparison, slices=False)
    arms = [arm["name"] for arm in comparison["arms"][1:]]
    assert [(line.arm, line.metric) for line in lines] == [
        (arm, f"{benchmark} score") for arm in arms for benchmark in ("lab_image", "lab_video")
    ]
    row = comparison["arms"][1]["benchmarks"]["lab_image"]["metrics"]["score"]
    assert lines[0].before == f"{100 * row['before']:.1f}"
    assert (lines[0].lost, lines[0].gained) == (row["num_lost"], row["num_gained"])
    assert len(between_lines(comparison)) == 6 * 4


def test_older_comparisons_have_no_lines():
    older = {"before": "base", "arms": [{"name": "base"}, {"name": "arm"}]}
    assert benchmark_lines(older, slices=False) == between_lines(older) == []


def test_flips_are_limited_in_number_and_length(example):
    row = next(read_rows(example[0] / "flips.jsonl"))
    shown = flips_shown([{**row, "before": "x" * 5000, "item_id": str(n)} for n in range(50)])
    assert len(shown) == 6
    assert all(len(part["before"]) < 500 for part in shown)
