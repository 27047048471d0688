"""Image and video skill, measured before and after, with honest statistics.

>>> from framewise.evaluation import paired_difference
>>> difference = paired_difference([0, 1, 0, 1], [1, 1, 0, 1], clusters=["a", "a", "b", "b"])
>>> difference.delta, difference.n, difference.num_clusters
(0.25, 4, 2)
"""

from framewise._chat_client import ChatClient
from framewise.evaluation._benchmark import Benchmark, Item, Modality, Score
from framewise.evaluation._compare import compare
from framewise.evaluation._compare_table import comparison_details
from framewise.evaluation._evaluate import evaluate
from framewise.evaluation._import import import_results
from framewise.evaluation._import_table import import_table
from framewise.evaluation._importer import Harvest, Importer
from framewise.evaluation._item_records import item_pictures, write_item_records
from framewise.evaluation._metrics import Metric, resample
from framewise.evaluation._model import FamilyModel, Model, Question, Reply, ScriptedModel
from framewise.evaluation._parsing import find_choice, words
from framewise.evaluation._rules import choose_scorer
from framewise.evaluation._score_file import score_file
from framewise.evaluation._scoring import score_predictions
from framewise.evaluation._statistics import (
    McNemar,
    PairedDifference,
    clustered_standard_error,
    exact_mcnemar,
    paired_difference,
)
from framewise.evaluation._table import comparison_table, results_table, scores_table

__all__ = [
    "Benchmark",
    "ChatClient",
    "FamilyModel",
    "Harvest",
    "Importer",
    "Item",
    "McNemar",
    "Metric",
    "Modality",
    "Model",
    "PairedDifference",
    "Question",
    "Reply",
    "Score",
    "ScriptedModel",
    "choose_scorer",
    "clustered_standard_error",
    "compare",
    "comparison_details",
    "comparison_table",
    "evaluate",
    "exact_mcnemar",
    "find_choice",
    "import_results",
    "import_table",
    "item_pictures",
    "paired_difference",
    "resample",
    "results_table",
    "score_file",
    "score_predictions",
    "scores_table",
    "words",
    "write_item_records",
]
