"""MME: 14 subtasks of perception and cognition, two yes/no questions about each of 1,187 images.

Fu et al., arXiv 2306.13394. Prompts as the tools ask them: lmms-eval replaces the request for yes or no.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._official import ONE_WORD, Row, TableBenchmark, yes_no_item
from framewise.evaluation.benchmarks._source import Source
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._mme import SCORERS

_REQUEST = " Please answer yes or no."


class MME(TableBenchmark):
    """Points of accuracy and of images with both questions right; the image is the unit of resampling."""

    modality: ClassVar[Modality] = "image"
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="mme",
        repositories=("lmms-lab-encoder/MME", "lmms-lab/MME"),
        layouts={"parquet": ("data/test-*.parquet",), "tsv": ("MME.tsv",)},
        elsewhere="https://opencompass.openxlab.space/utils/VLMEval/MME.tsv",
        md5={"MME.tsv": "b36b43c3f09801f5d368627fb92187c3"},
        counts={
            "existence": 60, "count": 60, "position": 60, "color": 60, "posters": 294, "celebrity": 340,
            "scene": 400, "landmark": 400, "artwork": 400, "OCR": 40, "commonsense_reasoning": 140,
            "numerical_calculation": 40, "text_translation": 40, "code_reasoning": 40,
        },
    )  # fmt: skip

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:  # noqa: ARG002
        """Rows with an id of category, image and the question's number."""
        asked: Counter[tuple[str, str]] = Counter()
        for row in self.table_rows(data_root):
            image = row.get("question_id") or row.get("image_path")
            key = (str(row.get("category")), str(image))
            yield {**row, "question_id": image, "item_id": f"{key[0]}/{key[1]}#{asked[key]}"}
            asked[key] += 1

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """A yes/no question about one image."""
        question = row["question"]
        if prompt == "lmms_eval":
            question = question.strip().replace(_REQUEST, "") + ONE_WORD
        return yes_no_item(
            row, question, subtask=row["category"], cluster=f"{row['category']}/{row['question_id']}"
        )

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The category."""
        return (row["category"],)
