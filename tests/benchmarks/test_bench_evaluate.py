"""What the benchmark of evaluation asks, and what it says where the other tool is not there."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from framewise.evaluation._items import read_items
from framewise.evaluation.benchmarks.lab_image import LabImage

ROOT = Path(__file__).parents[2]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.chdir(ROOT)
    return importlib.import_module


def test_the_questions_are_the_same_for_all(load, tmp_path: Path):
    bench = load("benchmarks._evaluated")
    questions = bench.write_questions(tmp_path / "pictures", 7)
    assert questions == bench.write_questions(tmp_path / "pictures", 7)
    assert bench.from_json(bench.to_json(questions)) == questions
    bench.write_benchmark(tmp_path, questions)
    found = read_items({"lab_image": LabImage()}, tmp_path, prompt="official", limit=None, seed=0)[
        "lab_image"
    ]
    assert [item.prompt for item in found] == [f"<image>{question.prompt}" for question in questions]
    assert [tmp_path / item.media[0].path for item in found] == [Path(q.path) for q in questions]
    assert {Path(q.path).stem[4:] for q in questions} == {
        f"{width}x{height}" for width, height in bench.SIZES
    }


def test_a_tool_that_is_not_there_is_named(load, tmp_path: Path):
    bench = load("benchmarks.evaluate")
    with pytest.raises(bench.AbsentError, match="nowhere is not there"):
        bench.Tool("lmms-eval", "lmms_eval", tmp_path / "nowhere", 1).start()
