"""The lab's held-out image questions."""

from typing import ClassVar

from framewise.evaluation._benchmark import Modality
from framewise.evaluation.benchmarks._choices import ChoiceBenchmark


class LabImage(ChoiceBenchmark):
    """Questions about image files of the synthetic world, from ``benchmarks/lab_image.jsonl``."""

    modality: ClassVar[Modality] = "image"
    file_name: ClassVar[str] = "benchmarks/lab_image.jsonl"
