"""A module that answers line by line in a process of its own, seen from outside."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class AbsentError(Exception):
    """The process is not there, or died; the message is the last line that it wrote."""


class Process:
    """Runs a command that says one line when it is ready, and one for each line that it is given.

    Args:
        command: What is run.
        environment: What is set beside this process' own environment.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        self._command, self._environment = command, environment
        self._process: Any = None
        self._errors: Any = None

    def start(self) -> None:
        """Wait until it is ready.

        Raises:
            AbsentError: It never is.
        """
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long-lived as the process
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env={**os.environ, **self._environment},
        )  # fmt: skip
        self._read_line()

    def ask(self, request: str) -> Any:
        """What it answers to a line, read as JSON; it is started where it does not run.

        Raises:
            AbsentError: It died of it.
        """
        if self._process is None:
            self.start()
        self._process.stdin.write(f"{request}\n")
        self._process.stdin.flush()
        return json.loads(self._read_line())

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.communicate()
            self._errors.close()
            self._process = None

    def _read_line(self) -> str:
        line: str = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = [text.strip() for text in self._errors if text.strip()]
            self.close()
            raise AbsentError(said[-1] if said else "it ended without a word")
        return line
