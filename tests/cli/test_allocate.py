import json
import sys
from pathlib import Path

import pytest

from framewise.budgets import read_budgets
from framewise.cli import main


@pytest.fixture
def run(tmp_path: Path, monkeypatch, capsys):
    """Run `framewise allocate` on two videos; exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for number in range(2):
        with Path("records.jsonl").open("a") as file:
            turns = [{"role": "user", "text": "<video>what?"}, {"role": "assistant", "text": "it"}]
            media = [{"kind": "video", "path": f"{number}.mp4"}]
            file.write(json.dumps({"id": f"r{number}", "media": media, "turns": turns}) + "\n")
    clip = {"path": "0.mp4", "status": "ok", "num_frames": 64, "fps": 8.0, "duration_seconds": 8.0}
    Path("clips.jsonl").write_text(json.dumps(clip) + "\n")

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["framewise", "allocate", "records.jsonl", "-o", "run", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        code = caught.value.code
        return (code if isinstance(code, int) else 0), captured.out, captured.err

    return call


def test_the_summary_is_short_and_counts_what_was_skipped(run):
    code, out, err = run("--clips", "clips.jsonl", "--allocator", "fixed", "--set", "num_frames=12")
    assert (code, err) == (0, "")
    assert "1 videos, 0 clamped to what their clip has, 1 skipped (1 not_probed)" in out
    assert "77.3%" in out
    assert out.endswith("budgets: run/budgets.jsonl\n")
    assert read_budgets(Path("run"))["r0", 0].num_frames == 12


def test_without_clips_it_says_to_probe_first(run):
    code, _, err = run("--allocator", "fixed", "--set", "num_frames=12")
    assert code == 2
    assert "--clips is missing" in err
    assert "framewise probe records.jsonl -o clips.jsonl" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--allocator", "fixd"], "did you mean 'fixed'?"),
        (["--allocator", "fixed", "--set", "num_frames"], "--set num_frames: write it as key=value"),
        (["--allocator", "fixed", "--set", "=8"], "--set =8: write it as key=value"),
        (
            ["--allocator", "fixed", "--set", "num_frames=8", "--set", "num_frames=9"],
            "num_frames is given twice",
        ),
        (["--allocator", "fixed", "--set", "frames=8"], "unknown key 'frames': did you mean 'num_frames'?"),
        (["--allocator", "fixed", "--set", "num_frames=8", "--pixels-per-frame", "9"], "add --model"),
        (
            ["--allocator", "fixed", "--set", "num_frames=8", "--clips", "clip.jsonl"],
            "clip.jsonl does not exist",
        ),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(run, arguments, message):
    code, out, err = run("--clips", "clips.jsonl", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert not Path("run").exists()


def test_tokens_are_shown_when_a_model_is_named(run, tiny_checkpoint):
    options = ("--clips", "clips.jsonl", "--allocator", "fixed", "--set", "num_frames=4")
    Path("clips.jsonl").write_text(
        Path("clips.jsonl").read_text().replace("}", ', "width": 64, "height": 64}')
    )
    code, out, _ = run(*options, "--model", str(tiny_checkpoint))
    assert code == 0
    assert "visual tokens" in out
