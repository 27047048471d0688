"""Declared experiments as a graph of stages."""

from framewise.studies._run import Subject, run_study
from framewise.studies._study import Arm, Evaluation, Study, load_study

__all__ = ["Arm", "Evaluation", "Study", "Subject", "load_study", "run_study"]
