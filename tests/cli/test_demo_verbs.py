"""``framewise lab write`` and ``framewise demo``: parse and pass on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from framewise.cli._app import build_app


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *arguments: CliRunner().invoke(build_app(), [*arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        (("lab", "write"), ("--output", "--seed", "--fresh")),
        (("lab", "pretrain"), ("--output", "--seed", "--sight-steps", "--lesson-steps", "--fresh")),
        (("demo",), ("--output", "--seed", "--fresh")),
    ],
)
def test_help_names_the_options_and_an_example(run, verb, options):
    result = run(*verb, "--help")
    assert result.exit_code == 0
    assert [option for option in options if option not in result.stdout] == []
    assert f"framewise {' '.join(verb)}" in result.stdout.partition("Example")[2]


def test_lab_write_writes_a_lab(run, monkeypatch, tmp_path):
    asked = {}

    def write_lab(config, *, output, fresh):
        asked.update(seed=config.seed, output=output, fresh=fresh)
        return output

    monkeypatch.setattr("framewise.lab.write_lab", write_lab)
    result = run("lab", "write", "--seed", "4", "-o", str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, f"data root: {tmp_path}\n")
    assert asked == {"seed": 4, "output": tmp_path, "fresh": False}


def test_lab_pretrain_passes_on_what_is_given(run, monkeypatch, tmp_path):
    asked = []

    def pretrain(config, *, output, fresh):
        asked.append((config.seed, config.sight_steps, config.lesson_steps, fresh))
        return output

    monkeypatch.setattr("framewise.lab._pretrain.pretrain", pretrain)
    result = run("lab", "pretrain", "--lesson-steps", "7", "-o", str(tmp_path))
    assert result.stdout == f"model: {tmp_path / 'model'}\n"
    run("lab", "pretrain", "--sight-steps", "5", "--seed", "2", "--fresh", "-o", str(tmp_path))
    assert asked[0][2] == 7
    assert asked[1][:2] == (2, 5)
    assert asked[0][1] > 100
    assert [fresh for *_, fresh in asked] == [False, True]


def test_demo_shows_the_table_and_ends_with_the_report(run, monkeypatch, tmp_path):
    part = {"score": 0.5, "delta": None, "ci95": None, "n": 2, "num_clusters": 2, "num_left_out": 0}
    arm = {"name": "base", "image": part, "video": part, "mean_frames": None, "visual_tokens": None}

    def demo(*, output, seed, fresh, announce):
        from framewise._jsonl import write_json

        announce("writing the lab's clips and pictures")
        arms = [{**arm, "train_seconds": None, "subtasks": {}}]
        write_json(output / "comparison.json", {"before": "base", "arms": arms})
        assert (seed, fresh) == (1, True)
        return output / "report.html"

    monkeypatch.setattr("framewise.lab.demo", demo)
    result = run("demo", "-o", str(tmp_path), "--seed", "1", "--fresh")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "· writing the lab's clips and pictures"
    assert any("base" in line and "50.0" in line for line in lines)
    assert Path(lines[-1].removeprefix("report: ")) == tmp_path / "report.html"
