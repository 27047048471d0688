"""``framewise probe`` on the command line."""

from collections.abc import Callable
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from framewise.cli._probe import probe


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(probe)
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def test_summary(tmp_path: Path, write_clip: Callable) -> None:
    write_clip(tmp_path / "data" / "a.mp4")
    for i in range(52):
        (tmp_path / "data" / f"{i}.mp4").touch()
    shown = run(tmp_path / "data", "-o", tmp_path / "clips.jsonl")
    assert shown.exit_code == 0
    for text in ("53 media: 52 empty, 1 ok; 0.00 hours", "0.mp4: empty: the file has no bytes", "and 2 more"):
        assert text in shown.stdout
    assert shown.stdout.splitlines()[-1] == f"clips: {tmp_path / 'clips.jsonl'}"


def test_help_has_an_example() -> None:
    assert "framewise probe records.jsonl" in run("--help").stdout


def test_the_permission_for_truncated_videos_is_named(tmp_path: Path, write_clip: Callable) -> None:
    cut = write_clip(tmp_path / "data" / "cut.webm", num_frames=40, codec="libvpx-vp9", options={"g": "10"})
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    shown = run(tmp_path / "data", "-o", tmp_path / "run").stdout
    assert "cut.webm: truncated: " in shown
    assert "--allow-truncated" in shown
    shown = run(tmp_path / "data", "-o", tmp_path / "other", "--allow-truncated").stdout
    assert "cut.webm: ok: truncated, used with its" in shown
    assert "--allow-truncated" not in shown
