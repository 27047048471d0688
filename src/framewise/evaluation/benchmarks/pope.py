"""POPE: is there such an object? Three splits of 3,000 questions about 500 images of COCO val2014.

Li et al., arXiv 2305.10355. The copy of VLMEvalKit has each question once, with all its splits in ``category``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._official import ONE_WORD, Row, TableBenchmark, yes_no_item
from framewise.evaluation.benchmarks._source import Source, first_place
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._pope import SCORERS
from framewise.records import Media

_SPLITS = ("random", "popular", "adversarial")
_IMAGE_FOLDERS = ("val2014", "coco/val2014", "images")


class POPE(TableBenchmark):
    """Accuracy, precision, recall, F1 and share of yes; the image is the unit of resampling."""

    modality: ClassVar[Modality] = "image"
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="pope",
        repositories=("lmms-lab-encoder/POPE", "lmms-lab/POPE"),
        layouts={
            "parquet": ("data/test-*.parquet",),
            "splits": tuple(f"Full/{split}-*.parquet" for split in _SPLITS),
            "json": tuple(f"coco_pope_{split}.json" for split in _SPLITS),
            "tsv": ("POPE.tsv",),
        },
        elsewhere="https://github.com/RUCAIBox/POPE (coco_pope_*.json, with COCO's val2014 images) and "
        "https://opencompass.openxlab.space/utils/VLMEval/POPE.tsv",
        md5={"POPE.tsv": "c12f5acb142f2ef1f85a26ba2fbe41d5"},
        counts=dict.fromkeys(_SPLITS, 3000),
    )

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:  # noqa: ARG002
        """Rows with an id of split and question."""
        layout, files = self.source.find(data_root)
        rows = self._json_rows(data_root, files) if layout == "json" else self.table_rows(data_root)
        for row in rows:
            number = row.get("question_id", row.get("index"))
            yield {**row, "item_id": f"{row.get('category')}/{number}"}

    def _json_rows(self, data_root: Path, files: list[Path]) -> Iterator[Row]:
        folder = self.source.folder(data_root)
        for split, file in zip(_SPLITS, files, strict=True):
            for line in file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                path = folder / first_place(folder, [f"{place}/{row['image']}" for place in _IMAGE_FOLDERS])
                yield {
                    "question_id": str(row["question_id"]),
                    "question": row["text"],
                    "answer": row["label"],
                    "image_source": Path(row["image"]).stem,
                    "category": split,
                    "media": (Media(kind="image", path=path.relative_to(data_root).as_posix()),),
                }

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """A yes/no question about one image."""
        question = row["question"] + (ONE_WORD if prompt == "lmms_eval" else "")
        return yes_no_item(row, question, subtask=row["category"], cluster=row["image_source"])

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The split, or all splits that have the question."""
        return str(row["category"]).split(",")
