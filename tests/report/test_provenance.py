"""Where numbers come from."""

from pathlib import Path

import pytest

from framewise.report._provenance import command, version_rows
from framewise.report._run import Run


def run(name, **versions):
    return Run(path=Path(name), name=name, manifest={"stage": "train", "versions": versions})


def test_equal_versions_are_said_once():
    assert version_rows([run("a", torch="2.13"), run("b", torch="2.13")]) == [("torch", "2.13")]


def test_other_versions_name_their_runs():
    rows = dict(version_rows([run("a", torch="2.13"), run("b", torch="2.12", av="18")]))
    assert rows["torch"] == "2.13 (train/a); 2.12 (train/b)"
    assert rows["av"] == "absent (train/a); 18 (train/b)"


@pytest.mark.parametrize(
    ("folder", "quoted"), [("runs/a", "runs/a"), ("my runs/$(a)", "'my runs/$(a)'"), ("it's", "'it'\"'\"'s'")]
)
def test_the_command_is_quoted_for_a_shell(folder, quoted):
    assert command([Path(folder)], Path("r.html")) == f"framewise report {quoted} -o r.html"
