import json

import pytest
import typer
from typer.testing import CliRunner

from framewise._jsonl import read_json
from framewise.cli._compare import compare
from framewise.cli._evaluate import evaluate


@pytest.fixture
def cli():
    app = typer.Typer(rich_markup_mode=None)
    app.command()(evaluate)
    app.command()(compare)
    return lambda *words: CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)


@pytest.mark.parametrize("verb", ["evaluate", "compare"])
def test_help_has_an_example(cli, verb):
    result = cli(verb, "--help")
    assert result.exit_code == 0
    assert f"framewise {verb} runs/" in result.output


def test_evaluate_then_compare(cli, tiny_checkpoint, root, tmp_path):
    options = ["--benchmark", "lab_image,lab_video", "--data-root", root, "--frames", 2]
    options += ["--pixels-per-frame", 1024, "--max-new-tokens", 2, "--limit", 3]
    for name in ("base", "again"):
        result = cli("evaluate", tiny_checkpoint, *options, "-o", tmp_path / name)
        assert result.exit_code == 0
        assert "lab_video" in result.output
    assert read_json(tmp_path / "base/results.json")["settings"]["limit"] == 3
    result = cli("compare", tmp_path / "base", tmp_path / "again", "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "again" in result.output
    comparison = json.loads((tmp_path / "out/comparison.json").read_text())
    assert comparison["arms"][1]["video"]["delta"] == 0.0
