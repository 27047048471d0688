"""MMBench (English, dev): 1,164 questions, each asked once for every rotation of its options.

Liu et al., arXiv 2307.06281. A roll k of question i has the index i + k * 1,000,000.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._official import (
    Row,
    TableBenchmark,
    choice_item,
    listed,
    vlmevalkit_question,
)
from framewise.evaluation.benchmarks._source import Source
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._mmbench import ROLL, SCORERS, group_of
from framewise.evaluation.scorers._outcome import is_absent, lettered

_SUFFIX = "\n\nAnswer with the option's letter from the given choices directly."


class MMBench(TableBenchmark):
    """Questions right in all rotations; the question is the unit of resampling."""

    modality: ClassVar[Modality] = "image"
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="mmbench",
        repositories=("lmms-lab-encoder/MMBench", "lmms-lab/MMBench"),
        layouts={"parquet": ("en/dev-*.parquet",), "tsv": ("MMBench_DEV_EN.tsv",)},
        elsewhere="https://opencompass.openxlab.space/benchmarks/MMBench/MMBench_DEV_EN.tsv",
        md5={"MMBench_DEV_EN.tsv": "b6caf1133a01c6bb705cf753bb527ed8"},
        counts={"questions": 1164, "rotations": 4329 - 1164},
    )

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:  # noqa: ARG002
        """Rows with their index, a whole number, as id."""
        for row in self.table_rows(data_root):
            yield {**row, "index": int(row["index"]), "item_id": str(row["index"])}

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """One rotation of a question."""
        options = lettered(row)
        hint = None if is_absent(row.get("hint")) else row["hint"]
        if prompt == "vlmevalkit":
            question = vlmevalkit_question(row["question"], options, hint)
        elif prompt == "lmms_eval":
            head = f"{hint} {row['question']}" if hint else row["question"]
            question = f"<image>{head} There are several options:\n{listed(options)}{_SUFFIX}"
        else:
            head = f"{hint}\n" if hint else ""
            question = f"<image>{head}{row['question']}\n{listed(options)}"
        subtask, cluster = row["category"], str(group_of(row))
        return choice_item(row, question, options, row["answer"], subtask=subtask, cluster=cluster)

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """Base rows are ``questions``, the others ``rotations``."""
        return ("questions" if row["index"] < ROLL else "rotations",)
