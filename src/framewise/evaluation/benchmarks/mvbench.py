"""MVBench: twenty tasks of 200 questions about short clips, of which five are bounded in time.

Li et al., arXiv 2311.17005. Both layouts of the dataset are read: the main branch (``json/`` and archives in
``video/``, with windows in seconds and one task as folders of images), and the branch ``video`` (``test.json`` and
clips that are cut already). Tools begin the model's turn with "Best option:("; here that text ends the question, as
VLMEvalKit has it for models whose turn cannot be begun.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from framewise._errors import UsageError
from framewise._jsonl import read_json
from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._official import ArchiveBenchmark, Row, choice_item, listed
from framewise.evaluation.benchmarks._source import Source
from framewise.evaluation.scorers import Scorer
from framewise.evaluation.scorers._mvbench import SCORERS, gold_letters
from framewise.evaluation.scorers._outcome import enumerated
from framewise.records import Media

_SYSTEM = (
    "Carefully watch the video and pay attention to the cause and sequence of events, the detail and movement of "
    "objects, and the action and pose of persons. Based on your observations, select the best option that accurately "
    "addresses the question.\n"
)
_ASK = "Only give the best option."
_BEGIN = "Best option:("


class _Task(NamedTuple):
    folder: str
    """On the main branch, below ``video/``."""
    bounded: bool = False
    """Whether questions are about a window of the clip (on the main branch)."""
    fps: float | None = None
    """Of clips that are folders of images (on the main branch)."""


_CHARADES, _PERCEPTION = _Task("star/Charades_v1_480", bounded=True), _Task("perception/videos")
_CLEVRER = _Task("clevrer/video_validation")
TASKS = {
    "Action Sequence": _CHARADES,
    "Action Prediction": _CHARADES,
    "Action Antonym": _Task("ssv2_video"),
    "Fine-grained Action": _Task("Moments_in_Time_Raw/videos"),
    "Unexpected Action": _Task("FunQA_test/test"),
    "Object Existence": _CLEVRER,
    "Object Interaction": _CHARADES,
    "Object Shuffle": _PERCEPTION,
    "Moving Direction": _CLEVRER,
    "Action Localization": _Task("sta/sta_video", bounded=True),
    "Scene Transition": _Task("scene_qa/video"),
    "Action Count": _PERCEPTION,
    "Moving Count": _CLEVRER,
    "Moving Attribute": _CLEVRER,
    "State Change": _PERCEPTION,
    "Fine-grained Pose": _Task("nturgbd"),
    "Character Order": _PERCEPTION,
    "Egocentric Navigation": _Task("vlnqa"),
    "Episodic Reasoning": _Task("tvqa/frames_fps3_hq", bounded=True, fps=3.0),
    "Counterfactual Inference": _CLEVRER,
}


def _key(task: str) -> str:
    return task.lower().replace(" ", "_").replace("-", "_")


class MVBench(ArchiveBenchmark):
    """Mean of the tasks' accuracies; the clip is the unit of resampling."""

    modality: ClassVar[Modality] = "video"
    scorers: ClassVar[Mapping[str, Scorer]] = SCORERS
    source: ClassVar[Source] = Source(
        name="mvbench",
        repositories=("OpenGVLab/MVBench",),
        layouts={"main": ("json/*.json",), "cut": ("test.json",)},
        elsewhere="the branch `video` of it (add --revision video): clips that are cut already. The videos of "
        "Fine-grained Pose are those of NTU RGB+D, which its owners give out",
        counts=dict.fromkeys(TASKS, 200),
    )

    def rows(self, data_root: Path, prompt: str) -> Iterator[Row]:  # noqa: ARG002
        """Rows with an id of task and place in it."""
        layout, files = self.source.find(data_root)
        read = _read_main(files) if layout == "main" else _read_cut(files[0])
        for task, folder, rows in read:
            for number, row in enumerate(rows):
                places = [f"{place}/{row['video']}" for place in _folders(folder)]
                clip: dict[str, Any] = {"kind": "video", "path": self.place(data_root, places)}
                if layout == "main" and TASKS[task].bounded:
                    clip |= {"start_seconds": row["start"], "end_seconds": row["end"]}
                if layout == "main":
                    clip |= {"fps": TASKS[task].fps}
                yield {
                    **row,
                    "task_type": task,
                    "item_id": f"{_key(task)}/{number:03d}",
                    "media": (Media(**clip),),
                }

    def item(self, row: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """A question with two to five options."""
        options = enumerated(row["candidates"])
        if prompt == "lmms_eval":
            question = f"Question:{row['question']}\nOption:\n{listed(options, '({}) {}')}\n{_ASK}\n"
        else:
            asked = f"Question: {row['question']}\nOptions:\n{listed(options, '({}) {}')}\n{_ASK}"
            question = f"{_SYSTEM}{asked}\n{_BEGIN}"
        gold, task, clip = gold_letters(row)[0], row["task_type"], row["media"][0].path
        return choice_item(row, f"<video>{question}", options, gold, subtask=task, cluster=clip)

    def member(self, place: str) -> str:
        """The archives lie in ``video/`` and have the paths below it."""
        return place.removeprefix("video/")

    def parts(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The task."""
        return (row["task_type"],)


def _folders(folder: str) -> tuple[str, ...]:
    """Where clips may have been unpacked by hand; later additions are in an archive with a folder of its own."""
    return folder, folder.replace("video/", "video/data0613/", 1), folder.removeprefix("video/")


def _read_main(files: Sequence[Path]) -> Iterator[tuple[str, str, list[Row]]]:
    """Task, folder of its clips and rows, of the tasks that are there, in the official order."""
    rows = {file.stem: read_json(file) for file in files}
    yield from ((task, f"video/{TASKS[task].folder}", rows[key]) for task, key in _known(rows))


def _read_cut(file: Path) -> Iterator[tuple[str, str, list[Row]]]:
    """The same of the branch ``video``, whose file says where the clips are."""
    whole = read_json(file)
    folders = {_key(task): folder for task, folder in whole["root"].items()}
    rows = {_key(task): rows for task, rows in whole["meta"].items()}
    yield from ((task, folders[key].strip("/"), rows[key]) for task, key in _known(rows))


def _known(rows: Mapping[str, Any]) -> list[tuple[str, str]]:
    unknown = sorted(rows.keys() - {_key(task) for task in TASKS})
    if unknown:
        raise UsageError(f"mvbench has no task {unknown[0]!r}: {', '.join(map(_key, TASKS))}")
    return [(task, _key(task)) for task in TASKS if _key(task) in rows]
