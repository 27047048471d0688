"""How many frames each sample gets.

run = allocate(records, clips=clips, allocator="fixed", settings={"num_frames": 8}, output=folder)
read_budgets(run)["a-record", 0].num_frames
"""

from framewise.budgets._allocate import allocate
from framewise.budgets._budget import Allocator, Budget, Key, Request, Settings
from framewise.budgets._prompt import question_prompt
from framewise.budgets._settings import check_settings
from framewise.budgets._table import read_budgets
from framewise.budgets._tokens import TokenCount

__all__ = [
    "Allocator",
    "Budget",
    "Key",
    "Request",
    "Settings",
    "TokenCount",
    "allocate",
    "check_settings",
    "question_prompt",
    "read_budgets",
]
