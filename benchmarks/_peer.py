"""A decoding library under measurement, seen from outside its process."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks._process import Process

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TORCHCODEC_NUM_THREADS"), "1"
)
"""The last is read by qwen-vl-utils."""


@dataclass(frozen=True)
class Answer:
    """One decoding."""

    seconds: float
    """On the processor."""
    is_right: bool
    """Whether these are the frames that were asked for, at the size that was."""


class Peer:
    """Runs ``_worker`` for one library, and again after it died."""

    def __init__(self, name: str) -> None:
        self._process = Process([sys.executable, "-m", "benchmarks._worker", name], _ONE_THREAD)

    def decode(self, path: Path, indices: list[int], size: tuple[int, int]) -> Answer:
        """Have it decode.

        Raises:
            AbsentError: It does not.
        """
        answer = self._process.ask(json.dumps({"path": str(path), "indices": indices, "size": size}))
        is_right = answer["numbers"] == indices and tuple(answer["size"]) == size
        return Answer(answer["seconds"], is_right)

    def close(self) -> None:
        """End its process."""
        self._process.close()
