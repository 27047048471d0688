"""A process that asks in one way: ``python -m benchmarks._evaluator NAME FOLDER BATCH_SIZE``.

It says that the model is open, then reads a list of questions a line and writes seconds and replies a line.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

from benchmarks._evaluated import from_json


def main(name: str, folder: str, batch_size: str) -> None:
    """Serve until the requests end."""
    # Libraries print: what is not an answer goes where errors go.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    ask = importlib.import_module(f"benchmarks.evaluators.{name}").load(Path(folder), int(batch_size))
    answers.write("ready\n")
    for line in sys.stdin:
        questions = from_json(line)
        started, worked = time.perf_counter(), time.process_time()
        replies = ask(questions)
        answer = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - worked}
        answers.write(json.dumps({**answer, "replies": replies}) + "\n")


main(*sys.argv[1:])
