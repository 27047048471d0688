"""A process that decodes with one library: what it crashes on, or leaves in memory, harms no other.

``python -m benchmarks._worker NAME`` says that it is ready, then reads a request a line and writes an answer a line.
"""

import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path

from benchmarks._numbers import read_numbers
from framewise.compat import prepare_torchvision


def main(name: str) -> None:
    """Serve until the requests end."""
    # Libraries print: what is not an answer goes where errors go.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    prepare_torchvision()
    decode = importlib.import_module(f"benchmarks.peers.{name}").decode
    answers.write("ready\n")
    for line in sys.stdin:
        request = json.loads(line)
        path, size = Path(request["path"]), tuple(request["size"])
        started = time.process_time()
        frames = decode(path, request["indices"], size)
        answer = {"seconds": time.process_time() - started}
        answer |= {"numbers": read_numbers(frames), "size": frames.shape[1:3]}
        del frames
        gc.collect()
        answers.write(json.dumps(answer) + "\n")


main(sys.argv[1])
