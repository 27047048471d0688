"""TempCompass: both layouts, four tasks, captioning by a judge."""

from pathlib import Path

import pytest
from official_files import clip, write_json, write_parquet, write_zip

from framewise._plugins import load_plugin
from framewise.evaluation.benchmarks.tempcompass import judge_prompt

CHOICES = "What is it?\nA. running\nB. walking fast\nC. walking"
ROWS = {
    "multi-choice": [{"question": CHOICES, "answer": "B. walking fast"}],
    "yes_no": [
        {"question": "Is it running?", "answer": "no"},
        {"question": "Is it walking?", "answer": "yes"},
    ],
    "caption_matching": [
        {
            "question": "Which caption matches the video better?\nCaption A: It runs.\nCaption B: It walks.",
            "answer": "Caption B: It walks.",
        },
        {
            "question": "Which description is a more suitable match for the video?\nOption 1: It runs.\n"
            "Option 2: It walks.",
            "answer": "Option 1: It runs.",
        },
    ],
    "captioning": [
        {"question": "Describe it.", "answer": "", "mc_question": CHOICES, "mc_answer": "C. walking"}
    ],
}


def tiny_data_root(folder: Path) -> Path:
    home = folder / "tempcompass"
    for task, rows in ROWS.items():
        table = [{"video_id": "1034", "dim": "speed", **row} for row in rows]
        write_parquet(home / f"{task}/test-00000-of-00001.parquet", table)
    write_zip(home / "tempcompass_videos.zip", {"videos/1034.mp4": clip()})
    return folder


def json_data_root(folder: Path) -> Path:
    for task, rows in ROWS.items():
        write_json(folder / f"questions/{task}.json", {"1034": {"speed": rows}})
    write_zip(folder / "tempcompass_videos.zip", {"videos/1034.mp4": clip()})
    return folder


@pytest.fixture
def benchmark():
    return load_plugin("benchmarks", "tempcompass")()


@pytest.mark.parametrize("layout", [tiny_data_root, json_data_root])
def test_both_layouts_say_the_same(benchmark, tmp_path, layout):
    root = layout(tmp_path)
    items = list(benchmark.items(root))
    assert [item.item_id for item in items] == [
        "multi-choice/1034/speed/0",
        "yes_no/1034/speed/0",
        "yes_no/1034/speed/1",
        "caption_matching/1034/speed/0",
        "caption_matching/1034/speed/1",
    ]
    assert items[0].choices == ("A. running", "B. walking fast", "C. walking")
    assert items[3].choices == ("Caption A: It runs.", "Caption B: It walks.")
    benchmark.unpack(root, items)
    assert (root / items[0].media[0].path).is_file()


def test_captioning_is_asked_when_wanted_and_scored_by_a_judge(benchmark, tmp_path):
    *_, item = benchmark.items(tiny_data_root(tmp_path), prompt="official+captioning")
    assert (item.subtask, item.prompt, item.answer) == (
        "captioning/speed",
        "<video>Describe it.",
        "C. walking",
    )
    assert benchmark.score(item, "It walks.").parsed is None
    row = {**item.fields, "item_id": item.item_id, "prediction": "It walks."}
    assert "It walks." in judge_prompt(row)
    for name, rule in benchmark.scorers.items():
        assert rule.read(row).score is None, name
        assert rule.read({**row, "judge_output": "Reasoning: so.\nAnswer: C. walking"}).score == 1.0, name
        assert rule.read({**row, "judge_output": ""}).score == -1.0, name


def test_the_suffixes_are_the_tools(benchmark, tmp_path):
    prompts = [item.prompt for item in benchmark.items(tiny_data_root(tmp_path), prompt="lmms_eval")]
    assert prompts[0] == f"<video>{CHOICES}\nPlease directly give the best option:"
    assert prompts[1] == "<video>Is it running?\nPlease answer yes or no:"
    assert prompts[3].endswith("\nPlease directly give the best option:")
