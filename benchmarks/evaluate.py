"""Items a second of ``framewise evaluate``, against lmms-eval: ``make bench-evaluate``.

Both ask the same small checkpoint the same 300 questions about JPEG pictures of six sizes, with the same limits of
pixels and tokens, greedily, each in a process of its own whose model computes on one thread, and with models that are
already open. They take turns: round by round each asks all questions, after a few to warm up. lmms-eval lives in an
environment of its own, .venv-bench-evaluate, since it wants an older PyAV; it is its package and its class for
Qwen2.5-VL. Framewise does all that its stage does: pictures are read, in a second thread while the model is asked,
every answer is kept on disk, items are scored. So a part of its gain needs a second core; seconds of CPU show the rest.

lmms-eval asks with its own default, one question at a time, and once more with Framewise's batch size. The last line
ends with the ratio of items a second, ours over lmms-eval's with its default; the exit code is 1 below 3. Where
lmms-eval does not run, the reason is printed, and the opponent is one ``generate`` a question through transformers'
processor.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._evaluated import Question, to_json, write_checkpoint, write_questions
from benchmarks._process import AbsentError, Process

CACHE = Path("runs/bench-evaluate")
LMMS_EVAL = Path(".venv-bench-evaluate/bin/python")
LEAST = 3.0
_WARM_UP = 16
_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
    "PYTHONPATH": f"{Path.cwd()}:{Path.cwd() / 'src'}",
}


@dataclass
class Tool:
    """A way of asking, in a process."""

    label: str
    module: str
    python: Path
    batch_size: int
    seconds: list[float] = field(default_factory=list)
    """By the clock, of each round."""
    cpu_seconds: list[float] = field(default_factory=list)
    """Of the processor: they tell more where the machine does other work too."""
    replies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        words = "-m", "benchmarks._evaluator", self.module, str(CACHE / "checkpoint"), str(self.batch_size)
        self._process = Process([self.python, *words], _ENVIRONMENT)

    def start(self) -> None:
        """Open the model.

        Raises:
            AbsentError: It does not run.
        """
        if not self.python.exists():
            raise AbsentError(f"{self.python} is not there")
        self._process.start()

    def ask(self, questions: Sequence[Question]) -> tuple[float, float]:
        """Seconds that these questions take, by the clock and of the processor.

        Raises:
            AbsentError: It died of them.
        """
        answer = self._process.ask(to_json(questions))
        self.replies = answer["replies"]
        assert len(self.replies) == len(questions), self.label
        return answer["seconds"], answer["cpu_seconds"]

    def close(self) -> None:
        """End the process."""
        self._process.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=16, help="of Framewise (16)")
    chosen = parser.parse_args()
    questions = write_questions(CACHE / "pictures", chosen.questions)
    if not (CACHE / "checkpoint/model.safetensors").exists():
        write_checkpoint(CACHE / "checkpoint")
    tools = _open(chosen.batch_size)
    for number in range(chosen.rounds):
        for tool in tools:
            seconds, cpu_seconds = tool.ask(questions)
            tool.seconds.append(seconds)
            tool.cpu_seconds.append(cpu_seconds)
            print(
                f"round {number + 1}, {tool.label}: {seconds:.1f} s, {cpu_seconds:.1f} s of CPU", flush=True
            )
    for tool in tools:
        tool.close()
        print(f"{tool.label}: {_rate(tool, questions):.1f} items/s (median of {chosen.rounds} rounds)")
    ours, theirs, *_ = tools
    own = statistics.median(ours.cpu_seconds)
    for tool in tools[1:]:
        same = sum(a == b for a, b in zip(ours.replies, tool.replies, strict=True)) / len(questions)
        print(
            f"against {tool.label}: {_rate(ours, questions) / _rate(tool, questions):.2f} by the clock, "
            f"{statistics.median(tool.cpu_seconds) / own:.2f} in CPU time; same text: {same:.0%} of the replies"
        )
    ratio = _rate(ours, questions) / _rate(theirs, questions)
    print(f"items a second, ours over those of {theirs.label}: {ratio:.2f}")
    sys.exit(ratio < LEAST)


def _open(batch_size: int) -> list[Tool]:
    """Ours, then the opponent, then the opponent with our batch size."""
    here = Path(sys.executable)
    tools = [Tool(f"framewise, batches of {batch_size}", "framewise", here, batch_size)]
    tools[0].start()
    try:
        for size in (1, batch_size):
            tools.append(Tool(f"lmms-eval, batches of {size}", "lmms_eval", LMMS_EVAL, size))
            tools[-1].start()
    except AbsentError as error:
        print(f"lmms-eval does not run here: {error}")
        del tools[1:]
        tools.append(Tool("one generate a question", "one_by_one", here, 1))
        tools[-1].start()
    warm = write_questions(CACHE / "pictures", _WARM_UP)
    for tool in tools:
        tool.ask(warm)
    return tools


def _rate(tool: Tool, questions: Sequence[Question]) -> float:
    return len(questions) / statistics.median(tool.seconds)


if __name__ == "__main__":
    main()
