"""Video-MMMU: what 300 lectures teach, in three tracks of 300 questions over 30 subjects.

Hu et al., arXiv 2501.13826. ``official+question_only`` also asks the questions of the track Adaptation without the
lecture, so that the knowledge gained can be computed.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise._jsonl import read_json
from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._official import ArchiveBenchmark, Row, choice_item, image_of, listed
from framewise.evaluation.benchmarks._source import Source
from framewise.evaluation.benchmarks._tables import table_rows
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._outcome import enumerated
from framewise.evaluation.scorers._robust_choice import without_letter
from framewise.evaluation.scorers._video_mmmu import (
    QUESTION_ONLY,
    SCORERS,
    TRACKS,
    discipline_of,
    is_open,
)
from framewise.records import Media

_WITH_QUESTION_ONLY = "official+question_only"
_IGNORE_QUIZ = "\nPlease ignore the Quiz question in last frame of the video."
_APPLY = (
    "You should watch and learn the video content. "
    "Then apply what you learned to answer the following {} question. "
)
_IMAGE_AT_END = "The image for this question is at the end of the video.\n"
_ADD_ANSWER = "\nAdd `Answer: {Your final answer}` at the end of your reply."


class VideoMMMU(ArchiveBenchmark):
    """Accuracy by track, discipline and subject; the lecture is the unit of resampling."""

    modality: ClassVar[Modality] = "video"
    prompts: ClassVar[tuple[str, ...]] = ("official", "lmms_eval", "vlmevalkit", _WITH_QUESTION_ONLY)
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="video_mmmu",
        repositories=("lmms-eval/VideoMMMU", "lmms-lab/VideoMMMU"),
        layouts={
            "parquet": tuple(f"{track}/test-*.parquet" for track in TRACKS),
            "json": ("data/*.json",),
        },
        elsewhere="https://github.com/EvolvingLMMs-Lab/VideoMMMU (data/*.json)",
        counts=dict.fromkeys(TRACKS, 300),
    )

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:
        """Rows with an id of track and lecture."""
        for row in self._official_rows(data_root, prompt):
            yield {**row, "item_id": f"{row['track']}/{row.get('id')}", **self._media(data_root, row)}
            if row["track"] == "Adaptation" and prompt == _WITH_QUESTION_ONLY:
                alone = {**row, "track": QUESTION_ONLY}
                yield {**alone, "item_id": f"{QUESTION_ONLY}/{row['id']}", **self._media(data_root, alone)}

    def _official_rows(self, data_root: Path, prompt: str) -> Iterator[Row]:
        layout, files = self.source.find(data_root)
        for file in files:
            if layout == "json":
                for track, rows in read_json(file).items():
                    yield from ({**row, "track": track} for row in rows.values())
                continue
            for number, row in enumerate(table_rows(file)):
                apart = prompt == "vlmevalkit" and file.parent.name == "Adaptation"
                beside = {"media": (image_of(self.source, data_root, file, number),)} if apart else {}
                yield {**row, "track": file.parent.name, **beside}

    def _media(self, data_root: Path, row: Row) -> Row:
        """The lecture, or the clip of the question alone; VLMEvalKit gives the question's image beside it."""
        name = f"{row['id']}.mp4"
        places = [
            f"{discipline_of(row)}/{name}",
            f"{discipline_of(row).replace(' ', '_')}/{name}",
            f"videos/{name}",
        ]
        if row["track"] == QUESTION_ONLY:
            places = [f"question_only/{row['id']}_image.mp4"]
        video = Media(kind="video", path=self.place(data_root, places))
        return {"media": (video, *row.get("media", ()))}

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """A question with two to fourteen options, or an open one."""
        options = enumerated([without_letter(option) for option in row["options"] or ()])
        body = row["question"] if is_open(row) else f"{row['question']}\n{listed(options)}"
        question = f"<video>{self._wording(row, body)}"
        if prompt == "vlmevalkit":
            question += ("<image>" if len(row["media"]) > 1 else "") + _ADD_ANSWER
        subtask, cluster = row["track"], row["id"]
        if not is_open(row):
            return choice_item(row, question, options, row["answer"], subtask=subtask, cluster=cluster)
        heading = {"subtask": subtask, "cluster": cluster, "media": row["media"], "prompt": question}
        return {**heading, "answer": row["answer"], "chance": 0.0}

    def _wording(self, row: Mapping[str, Any], body: str) -> str:
        if row["track"] == QUESTION_ONLY:
            return body
        if row["track"] == "Adaptation":
            return f"{_APPLY.format('open-ended' if is_open(row) else 'multi-choice')}{_IMAGE_AT_END}{body}"
        return f"{body}{_IGNORE_QUIZ}"

    def member(self, place: str) -> str:
        """Archives have the clip in a folder of the discipline, however that is written."""
        return place if place.startswith("question_only/") else place.rsplit("/", 1)[-1]

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The track."""
        return (row["track"],)
