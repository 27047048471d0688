"""MMStar: 1,500 questions that need their image; six categories of three kinds each.

Chen et al., arXiv 2403.20330. The parquet file has the options inside the question, the copy of VLMEvalKit in columns.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._official import Row, TableBenchmark, choice_item, vlmevalkit_question
from framewise.evaluation.benchmarks._source import Source
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._mmstar import LETTERS, SCORERS, mmstar_options

_SUFFIX = "\nAnswer with the option's letter from the given choices directly"


class MMStar(TableBenchmark):
    """Accuracy; every item has its own image."""

    modality: ClassVar[Modality] = "image"
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="mmstar",
        repositories=("Lin-Chen/MMStar",),
        layouts={"parquet": ("mmstar.parquet",), "tsv": ("MMStar.tsv",)},
        elsewhere="https://opencompass.openxlab.space/utils/VLMEval/MMStar.tsv",
        md5={"MMStar.tsv": "e1ecd2140806c1b1bbf54b43372efb9e"},
        counts=dict.fromkeys(
            (
                "coarse perception", "fine-grained perception", "instance reasoning", "logical reasoning",
                "science & technology", "math",
            ),
            250,
        ),
    )  # fmt: skip

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:  # noqa: ARG002
        """Rows with their index as id."""
        for row in self.table_rows(data_root):
            yield {**row, "item_id": str(row.get("index"))}

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """A question with four options; the official script asks what its VLMEvalKit asks."""
        options = mmstar_options({**row, "item_id": row["item_id"]})
        stem = row["question"].split("\nOptions:")[0] if "A" not in row else row["question"]
        if prompt == "lmms_eval":
            inline = ", ".join(f"{letter}: {option}" for letter, option in options.items())
            asked = row["question"].strip() if "A" not in row else f"{stem.strip()}\nOptions: {inline}"
            question = f"<image>{asked}{_SUFFIX}"
        else:
            question = vlmevalkit_question(stem, options)
        if tuple(options) != tuple(LETTERS):
            raise ValueError(f"the options of {row['question']!r} are not A to D")
        subtask, cluster = row["category"], row["item_id"]
        return choice_item(row, question, options, row["answer"], subtask=subtask, cluster=cluster)

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The category."""
        return (row["category"],)
