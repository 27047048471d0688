"""Samples that lmms-eval's own code wrote (scripts/make_harness_results.py), read without its data sets."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from framewise._errors import UsageError
from framewise._jsonl import read_json
from framewise.cli._app import build_app
from framewise.evaluation import import_results

GOLDEN = Path(__file__).parent / "golden" / "lmms_eval"
OLD = GOLDEN.with_name("lmms_eval_v04")
RESULTS = "20261111_202127_results.json"


@pytest.fixture
def results(tmp_path):
    return read_json(import_results("lmms-eval", GOLDEN, output=tmp_path / "out") / "results.json")


@pytest.fixture(scope="module")
def old_results(tmp_path_factory):
    """Of version 0.4, which does not say that it is."""
    output = tmp_path_factory.mktemp("old") / "out"
    return read_json(import_results("lmms-eval", OLD, output=output) / "results.json")


def test_every_task_is_read(results):
    assert set(results["benchmarks"]) == {
        "mme", "mmstar", "mvbench", "pope", "tempcompass", "video_mme", "video_mmmu"
    }  # fmt: skip
    assert (results["model"], results["settings"]["tool_version"]) == ("tiny/model", "0.7.3")
    assert all(0 < part["n"] <= 12 for part in results["benchmarks"].values())


@pytest.mark.parametrize(
    ("benchmark", "own", "metric", "scale"),
    [
        ("mme", "mme mme_perception_score", "perception", 1.0),
        ("pope", "pope_adv pope_accuracy", "accuracy", 1.0),
        ("mmstar", "mmstar average", "overall", 1.0),
        ("video_mme", "videomme videomme_perception_score", "overall", 1.0),
        ("mvbench", "mvbench_action_sequence mvbench_accuracy", "overall", 1.0),
        ("tempcompass", "tempcompass_yes_no avg_accuracy", "overall", 1.0),
    ],
)
def test_the_tools_rules_give_here_what_the_tool_wrote(results, benchmark, own, metric, scale):
    part = results["benchmarks"][benchmark]
    assert part["as_tool"]["metrics"][metric] == pytest.approx(scale * part["own"][own], abs=1e-4)


@pytest.mark.parametrize(
    ("benchmark", "own", "metric", "rules"),
    [
        ("mme", "mme mme_perception_score", "perception", "0.7.3"),
        ("pope", "pope_adv pope_accuracy", "accuracy", "0.7.3"),
        ("mmstar", "mmstar average", "overall", "0.7.1"),
        ("video_mme", "videomme videomme_perception_score", "overall", "0.7.1"),
        ("mvbench", "mvbench_action_sequence mvbench_accuracy", "overall", "0.7.3"),
        ("tempcompass", "tempcompass_yes_no avg_accuracy", "overall", "0.7.3"),
        ("video_mmmu", "video_mmmu_comprehension mmmu_acc", "track/Comprehension", "0.7.1"),
    ],
)
def test_a_run_of_an_old_version_is_read_by_its_rules(old_results, benchmark, own, metric, rules):
    part = old_results["benchmarks"][benchmark]
    assert part["as_tool"]["scorer"] == f"lmms_eval@{rules}"
    assert part["as_tool"]["metrics"][metric] == pytest.approx(part["own"][own], abs=1e-4)


def test_two_runs_in_one_folder_must_be_told_apart(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "logs")
    model = tmp_path / "logs" / "tiny__model"
    shutil.copy(model / RESULTS, model / "20261112_000000_results.json")
    with pytest.raises(UsageError, match="has 2 runs"):
        import_results("lmms-eval", tmp_path / "logs", output=tmp_path / "out")
    import_results("lmms-eval", model / RESULTS, output=tmp_path / "out")
    with pytest.raises(UsageError, match="no samples of a known benchmark"):
        import_results("lmms-eval", model / "20261112_000000_results.json", output=tmp_path / "other")


@pytest.mark.parametrize(
    "change", [{"filtered_resps": 3}, {"filtered_resps": []}, {"mme_perception_score": {}}, {"input": [4]}]
)
def test_a_sample_without_what_it_needs_is_named(tmp_path, change):
    shutil.copytree(GOLDEN, tmp_path / "logs")
    file = next((tmp_path / "logs").rglob("*_samples_mme.jsonl"))
    first, *rest = file.read_text().splitlines()
    file.write_text("\n".join([json.dumps({**json.loads(first), **change}), *rest]))
    with pytest.raises(UsageError, match=r"samples_mme\.jsonl:1: not a sample of mme"):
        import_results("lmms-eval", tmp_path / "logs", output=tmp_path / "out")


def test_tasks_of_no_known_benchmark_are_noted(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "logs")
    file = next((tmp_path / "logs").rglob("*_samples_mme.jsonl"))
    shutil.copy(file, file.with_name("20261111_202127_samples_chartqa.jsonl"))
    results = read_json(
        import_results("lmms-eval", tmp_path / "logs", output=tmp_path / "out") / "results.json"
    )
    assert results["notes"] == ["task chartqa is of no known benchmark and was left out"]


def test_the_verb_shows_the_tools_numbers_beside_ours(tmp_path):
    told = ["import", "lmms-eval", str(GOLDEN), "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(build_app(), told, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    for text in ("tiny/model, imported", "lmms_eval@0.7.3", "robust@1", "pope_accuracy"):
        assert text in result.output
