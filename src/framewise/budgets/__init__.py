"""How many frames each sample gets.

run = allocate(records, clips=clips, allocator="fixed", settings={"num_frames": 8}, output=folder)
read_budgets(run)["a-record", 0].num_frames
"""

from framewise.budgets._allocate import allocate
from framewise.budgets._budget import Allocator, Budget, Failure, Key, Request, Settings
from framewise.budgets._describe import Description, describe_budgets
from framewise.budgets._prompt import question_prompt
from framewise.budgets._rounding import Rounding
from framewise.budgets._score import Scores, score_budgets
from framewise.budgets._settings import check_settings
from framewise.budgets._table import open_budgets, read_budgets
from framewise.budgets._tokens import TokenCount
from framewise.budgets._truth import read_truth

__all__ = [
    "Allocator",
    "Budget",
    "Description",
    "Failure",
    "Key",
    "Request",
    "Rounding",
    "Scores",
    "Settings",
    "TokenCount",
    "allocate",
    "check_settings",
    "describe_budgets",
    "open_budgets",
    "question_prompt",
    "read_budgets",
    "read_truth",
    "score_budgets",
]
