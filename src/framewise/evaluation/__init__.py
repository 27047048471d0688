"""Image and video skill, measured before and after, with honest statistics.

>>> from framewise.evaluation import paired_difference
>>> difference = paired_difference([0, 1, 0, 1], [1, 1, 0, 1], clusters=["a", "a", "b", "b"])
>>> difference.delta, difference.n, difference.num_clusters
(0.25, 4, 2)
"""

from framewise.evaluation._benchmark import Benchmark, Item, Modality, Score
from framewise.evaluation._compare import compare
from framewise.evaluation._evaluate import evaluate
from framewise.evaluation._model import FamilyModel, Model, Question, Reply, ScriptedModel
from framewise.evaluation._parsing import find_choice, words
from framewise.evaluation._scoring import score_predictions
from framewise.evaluation._statistics import (
    McNemar,
    PairedDifference,
    clustered_standard_error,
    exact_mcnemar,
    paired_difference,
)
from framewise.evaluation._table import comparison_table, results_table

__all__ = [
    "Benchmark",
    "FamilyModel",
    "Item",
    "McNemar",
    "Modality",
    "Model",
    "PairedDifference",
    "Question",
    "Reply",
    "Score",
    "ScriptedModel",
    "clustered_standard_error",
    "compare",
    "comparison_table",
    "evaluate",
    "exact_mcnemar",
    "find_choice",
    "paired_difference",
    "results_table",
    "score_predictions",
    "words",
]
