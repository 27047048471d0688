"""A library under measurement, seen from outside its process."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TORCHCODEC_NUM_THREADS"), "1"
)
"""The last is read by qwen-vl-utils."""


class PeerError(Exception):
    """The library is not there, or does not do what is asked; the message is the last line that it wrote."""


@dataclass(frozen=True)
class Answer:
    """One decoding."""

    seconds: float
    cpu_seconds: float
    is_right: bool
    """Whether these are the frames that were asked for, at the size that was."""


class Peer:
    """Runs ``_worker`` for one library, and again after it died."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: Any = None
        self._errors: Any = None

    def decode(self, path: Path, indices: list[int], size: tuple[int, int]) -> Answer:
        """Have it decode.

        Raises:
            PeerError: It does not.
        """
        if self._process is None:
            self._start()
        request = {"path": str(path), "indices": indices, "size": size}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._read_line())
        is_right = answer["numbers"] == indices and tuple(answer["size"]) == size
        return Answer(answer["seconds"], answer["cpu_seconds"], is_right)

    def close(self) -> None:
        """End its process."""
        if self._process is not None:
            self._process.communicate()
            self._errors.close()
            self._process = None

    def _start(self) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long-lived as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._worker", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=os.environ | _ONE_THREAD,
        )
        self._read_line()

    def _read_line(self) -> str:
        line: str = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = [text.strip() for text in self._errors if text.strip()]
            self.close()
            raise PeerError(said[-1] if said else "it ended without a word")
        return line
