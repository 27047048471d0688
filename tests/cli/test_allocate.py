import json
import sys
from pathlib import Path

import pytest

from framewise._artifacts import RunDirectory
from framewise._jsonl import Row
from framewise.budgets import read_budgets
from framewise.cli import main
from framewise.cli._allocate import _probe
from framewise.clips import read_clips


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


def test_without_clips_it_probes_beside_the_run_first(run, write_clip):
    write_clip(Path("0.mp4"), num_frames=10)
    command = ("--allocator", "fixed", "--set", "num_frames=12")
    code, out, _ = run(*command)
    assert code == 0
    assert out.startswith("clips: run-clips ")
    assert "1 videos, 1 clamped to what their clip has, 1 skipped (1 missing)" in out
    assert read_budgets(Path("run"))["r0", 0].num_frames == 10
    assert read_clips(Path("run-clips"))["0.mp4"].num_frames == 10

    def written() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for folder in ("run", "run-clips") for p in Path(folder).iterdir()}

    before = written()
    assert run(*command)[1] == out
    assert written() == before


def test_a_probe_that_was_stopped_goes_on(run, write_clip, monkeypatch):
    for number in range(2):
        write_clip(Path(f"{number}.mp4"), num_frames=4)
    appended: list[str] = []
    original = RunDirectory.append

    def append(self: RunDirectory, name: str, row: Row) -> None:
        if name == "clips.jsonl" and len(appended) == 1:
            appended.append("stop")
            raise OSError("the power went")
        if name == "clips.jsonl":
            appended.append(row["path"])
        original(self, name, row)

    monkeypatch.setattr(RunDirectory, "append", append)
    command = ("--allocator", "fixed", "--set", "num_frames=4")
    code, _, err = run(*command)
    assert (code, err) == (1, "error: OSError: the power went\n")
    assert run(*command)[0] == 0
    assert appended[1] == "stop"
    assert sorted({appended[0], appended[2]}) == ["0.mp4", "1.mp4"]


def test_fresh_probes_anew(run, write_clip):
    write_clip(Path("0.mp4"), num_frames=10)
    command = ("--allocator", "fixed", "--set", "num_frames=12")
    run(*command)
    write_clip(Path("1.mp4"), num_frames=4)
    code, _, err = run(*command)
    assert code == 2
    assert "run-clips was started with other settings" in err
    assert "1 skipped" not in run(*command, "--fresh")[1]
    assert read_budgets(Path("run"))["r1", 0].num_frames == 4


def test_a_mistake_is_found_before_the_probe(run):
    assert run("--allocator", "fixed", "--set", "frames=12")[0] == 2
    assert sorted(path.name for path in Path().iterdir()) == ["clips.jsonl", "records.jsonl"]


def test_a_run_that_is_this_folder_has_its_probe_beside_it(tmp_path, monkeypatch, write_clip):
    write_clip(tmp_path / "media" / "0.mp4")
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    assert _probe(tmp_path / "media", Path(), None, False) == tmp_path / "run-clips"


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
