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
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _scores(output: Path) -> list[dict]:
    arms = json.loads((output / "comparison.json").read_text())["arms"]
    for arm in arms:
        arm.pop("train_seconds")
    return arms


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_in_every_stage_and_run_again_it_ends_with_the_same_scores(tmp_path):
    whole = _demo(tmp_path / "whole")
    assert whole.wait() == 0, whole.stderr.read()
    for marker in STAGES:
        process = _demo(tmp_path / "killed")
        while not (tmp_path / "killed" / marker).exists():
            assert process.poll() is None, f"ended before {marker}: {process.stderr.read()}"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = _demo(tmp_path / "killed")
    assert last.wait() == 0, last.stderr.read()
    assert _scores(tmp_path / "killed") == _scores(tmp_path / "whole")
    began = time.monotonic()
    assert _demo(tmp_path / "killed").wait() == 0
    assert time.monotonic() - began < 60
