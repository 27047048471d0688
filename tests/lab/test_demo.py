"""The demo survives SIGKILL in every stage and ends with the scores of a run that nobody killed."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STAGES = (
    "lab/media/video/00010.mp4",
    "clips/clips.jsonl",
    "budgets/hybrid/wishes.jsonl",
    "training/fixed-32/checkpoints",
    "evaluation/fixed-8/predictions.jsonl",
    "comparison/manifest.json",
)
"""A file of each stage whose appearance says that the stage has begun."""


def _demo(output: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", "from framewise.cli import main; main()", "demo", "-o", str(output)]
    with _errors(output).open("w") as errors:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)


def _errors(output: Path) -> Path:
    return output.with_name("errors.txt")


def _finish(output: Path) -> None:
    assert _demo(output).wait() == 0, _errors(output).read_text()


def _kill_at(marker: Path, output: Path) -> None:
    """Start the demo and kill it as soon as the file is there."""
    process = _demo(output)
    while not marker.exists():
        assert process.poll() is None, f"ended before {marker}: {_errors(output).read_text()}"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _scores(output: Path) -> list[dict]:
    arms = json.loads((output / "comparison.json").read_text())["arms"]
    for arm in arms:
        arm.pop("train_seconds")
    return arms


def _manifests(output: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in sorted(output.rglob("manifest.json"))}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_in_every_stage_and_run_again_it_ends_with_the_same_scores(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    _finish(whole)
    for marker in STAGES:
        _kill_at(killed / marker, killed)
    _finish(killed)
    assert _scores(killed) == _scores(whole)
    before = _manifests(killed)
    _finish(killed)
    assert _manifests(killed) == before, "a finished stage was run again"
