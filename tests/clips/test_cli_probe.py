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
    for i in range(12):
        (tmp_path / "data" / f"{i}.mp4").touch()
    shown = run(tmp_path / "data", "-o", tmp_path / "clips.jsonl")
    assert shown.exit_code == 0
    for text in ("13 media: 12 empty, 1 ok; 0.00 hours", "0.mp4: empty: the file has no bytes", "and 2 more"):
        assert text in shown.stdout
    assert shown.stdout.splitlines()[-1] == f"clips: {tmp_path / 'clips.jsonl'}"


def test_help_has_an_example() -> None:
    assert "framewise probe records.jsonl" in run("--help").stdout
