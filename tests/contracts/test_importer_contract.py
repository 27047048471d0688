"""What every importer must satisfy: real result files are read, rescored and comparable; other files are refused."""

import shutil
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise._jsonl import read_json, read_rows
from framewise._plugins import load_plugin, plugin_names
from framewise.evaluation import Importer, compare, import_results

GOLDEN = Path(__file__).parents[1] / "evaluation" / "importers" / "golden"
pytestmark = pytest.mark.parametrize("name", plugin_names("importers"))


def folder(name: str) -> Path:
    """The folder with one model's results, as the tool left them."""
    return GOLDEN / name


def test_it_names_a_tool_whose_rules_are_here(name):
    importer = load_plugin("importers", name)
    assert issubclass(importer, Importer)
    assert importer.tool in load_plugin("benchmarks", "mme").scorers


def test_what_is_read_is_scored_and_says_what_the_tool_said(name, tmp_path):
    out = import_results(name, folder(name), output=tmp_path / "out")
    results, rows = read_json(out / "results.json"), list(read_rows(out / "scores.jsonl"))
    assert len(results["benchmarks"]) >= 3
    for benchmark, part in results["benchmarks"].items():
        own = [row for row in rows if row["benchmark"] == benchmark]
        assert part["n"] == len(own) == len({row["item_id"] for row in own}) > 0
        assert part["scorer"] == "robust@1"
        assert part["as_tool"]["metrics"]
        assert all(row["cluster"] and row["subtask"] for row in own)


def test_two_imports_can_be_compared(name, tmp_path):
    one, two = (import_results(name, folder(name), output=tmp_path / side) for side in ("one", "two"))
    comparison = read_json(compare(one, [two], output=tmp_path / "out") / "comparison.json")
    arm = comparison["arms"][1]
    assert {part["delta"] for part in (arm["image"], arm["video"])} == {0.0}
    assert all(part["metrics"][part["primary"]]["delta"] == 0.0 for part in arm["benchmarks"].values())


def test_a_finished_import_is_returned(name, tmp_path):
    out = import_results(name, folder(name), output=tmp_path / "out")
    before = (out / "scores.jsonl").stat().st_mtime_ns
    assert import_results(name, folder(name), output=tmp_path / "out") == out
    assert (out / "scores.jsonl").stat().st_mtime_ns == before


def test_a_folder_without_results_is_refused(name, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no result of"):
        import_results(name, tmp_path / "empty", output=tmp_path / "out")
    with pytest.raises(UsageError, match="does not exist"):
        import_results(name, tmp_path / "nowhere", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_something_else_are_named(name, tmp_path):
    shutil.copytree(folder(name), tmp_path / "broken")
    for file in (tmp_path / "broken").rglob("*"):
        if file.is_file():
            file.write_bytes(b"\x00\xff[\n")
    with pytest.raises(UsageError, match="broken"):
        import_results(name, tmp_path / "broken", output=tmp_path / "out")
