"""The Makefile builds `.venv` once, mends what a kill left, and says which Python it needs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FAKE_PYTHON = """#!/bin/sh
case "$*" in
-c*) exit $FAKE_IS_OLD ;;
"-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo clear >> log ;;
"-m pip install"*) for last; do :; done; echo "pip $last" >> log; [ "$last" != "$FAKE_KILL" ] ;;
esac
"""


@pytest.fixture
def make(tmp_path: Path):
    """Run make in a copy with a Python that only writes down what it is told; exit code and log."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)

    def run(**environment: str) -> tuple[int, list[str]]:
        log = tmp_path / "log"
        log.write_text("")
        done = subprocess.run(
            ["make", ".venv/.installed", f"PYTHON={python}"],
            cwd=tmp_path,
            env={**os.environ, "MAKEFLAGS": "", "FAKE_IS_OLD": "0", "FAKE_KILL": "", **environment},
            capture_output=True,
            timeout=60,
            check=False,
        )
        return done.returncode, log.read_text().splitlines()

    return run


def test_it_installs_once_torch_first(make):
    assert make() == (0, ["clear", "pip torch", "pip .[dev]"])
    assert make() == (0, [])


@pytest.mark.parametrize("killed_at", ["torch", ".[dev]"])
def test_what_a_killed_installation_left_is_made_anew(make, killed_at):
    code, _ = make(FAKE_KILL=killed_at)
    assert code != 0
    assert make() == (0, ["clear", "pip torch", "pip .[dev]"])


def test_other_constraints_are_installed_into_what_is_there(make, tmp_path):
    make()
    later = (tmp_path / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(tmp_path / "constraints.txt", (later, later))
    code, log = make(FAKE_KILL=".[dev]")
    assert (code != 0, log) == (True, ["pip torch", "pip .[dev]"])
    os.utime(tmp_path / "constraints.txt")
    assert make() == (0, ["clear", "pip torch", "pip .[dev]"])


def test_an_old_python_builds_nothing(make, tmp_path):
    code, log = make(FAKE_IS_OLD="1")
    assert (code != 0, log) == (True, [])
    assert not (tmp_path / ".venv").exists()


def test_constraints_pin_one_version_of_everything_that_is_needed():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    assert not any("+" in version or "@" in version for version in pins.values())
    assert pins["torch"].startswith("2.13.")
    assert pins["torchvision"].startswith("0.28.")
    for needed in ("transformers", "accelerate", "peft", "av", "pytest", "ruff", "mypy"):
        assert needed in pins
