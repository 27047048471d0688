"""TempCompass: action, direction, speed, order and change of attributes in 410 videos, asked in four ways.

Liu et al., arXiv 2403.00476. All tools ask in the same words. Captioning is asked with ``+captioning`` only: its items
have no score until a judge has read the descriptions (``judge_prompt``) and its replies stand in ``judge_output``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from framewise._jsonl import read_json
from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._official import ArchiveBenchmark, Row, choice_item
from framewise.evaluation.benchmarks._source import Source
from framewise.evaluation.benchmarks._tables import table_rows
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._robust_choice import without_letter
from framewise.evaluation.scorers._tempcompass import CAPTIONING, SCORERS, TASKS, captions
from framewise.records import Media

_SUFFIXES = {
    "multi-choice": "\nPlease directly give the best option:",
    "yes_no": "\nPlease answer yes or no:",
    "caption_matching": "\nPlease directly give the best option:",
    "captioning": "",
}
_WITH_CAPTIONING = "official+captioning"
_FOLDERS = ("videos", "video", "tempcompass_videos", "tempcompass_videos/videos")


def judge_prompt(row: Mapping[str, Any]) -> str:
    """What to ask a judge about a description, in our words; its reply goes into the row's ``judge_output``.

    Args:
        row: A captioning row with its ``prediction``.
    """
    return (
        "Read a description of a video and a question about the video. Choose the option that the description "
        'supports; if it supports none, choose "None of the choices are correct". Reply in two lines:\n'
        "Reasoning: why you choose it\nAnswer: the letter and text of the option\n\n"
        f"Video description: {row['prediction']}\n\nQuestion:\n{row['mc_question']}"
    )


class TempCompass(ArchiveBenchmark):
    """Accuracy by task and aspect; the video is the unit of resampling."""

    modality: ClassVar[Modality] = "video"
    prompts: ClassVar[tuple[str, ...]] = ("official", "lmms_eval", "vlmevalkit", _WITH_CAPTIONING)
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="tempcompass",
        repositories=("lmms-eval/TempCompass", "lmms-lab/TempCompass"),
        layouts={
            "parquet": tuple(f"{task}/test-*.parquet" for task in TASKS),
            "json": tuple(f"questions/{task}.json" for task in TASKS),
        },
        elsewhere="https://github.com/llyx97/TempCompass (questions/*.json)",
        counts={"multi-choice": 1580, "yes_no": 2453, "caption_matching": 1503},
    )

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:
        """Rows with an id of task, video, aspect and number."""
        asked: Counter[str] = Counter()
        for row in self._official_rows(data_root):
            if row["task"] == CAPTIONING and prompt != _WITH_CAPTIONING:
                continue
            key = f"{row['task']}/{row['video_id']}/{row['dim']}"
            places = [f"{folder}/{row['video_id']}.mp4" for folder in _FOLDERS]
            media = (Media(kind="video", path=self.place(data_root, places)),)
            yield {**row, "item_id": f"{key}/{asked[key]}", "media": media}
            asked[key] += 1

    def _official_rows(self, data_root: Path) -> Iterator[Row]:
        layout, files = self.source.find(data_root)
        for file in files:
            if layout == "parquet":
                yield from ({**row, "task": file.parent.name} for row in table_rows(file))
                continue
            for video, aspects in read_json(file).items():
                for aspect, rows in aspects.items():
                    yield from ({**row, "task": file.stem, "video_id": video, "dim": aspect} for row in rows)

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:  # noqa: ARG002
        """A question of one of the four kinds."""
        task, subtask = row["task"], f"{row['task']}/{row['dim']}"
        question = f"<video>{row['question']}{_SUFFIXES[task]}"
        heading = {"subtask": subtask, "cluster": row["video_id"]}
        if task == "multi-choice":
            options = {line[0]: without_letter(line) for line in row["question"].split("\n")[1:] if line}
            return choice_item(row, question, options, row["answer"][0], **heading)
        choices: tuple[str, ...] = ()
        if task == "yes_no":
            choices = ("yes", "no")
        elif task == "caption_matching":
            choices = tuple(f"{label}: {text}" for label, text in captions(row["question"]).items())
        answer = row["mc_answer"] if task == CAPTIONING else row["answer"]
        chance = 1 / len(choices) if choices else 0.0
        rest = {
            "media": row["media"],
            "prompt": question,
            "answer": answer,
            "choices": choices,
            "chance": chance,
        }
        return {**heading, **rest}

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The task."""
        return (row["task"],)
