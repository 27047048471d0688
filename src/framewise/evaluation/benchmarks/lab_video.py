"""The lab's held-out video questions."""

from typing import ClassVar

from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._choices import ChoiceBenchmark


class LabVideo(ChoiceBenchmark):
    """Questions about video files of the synthetic world, from ``benchmarks/lab_video.jsonl``."""

    modality: ClassVar[Modality] = "video"
    file_name: ClassVar[str] = "benchmarks/lab_video.jsonl"
