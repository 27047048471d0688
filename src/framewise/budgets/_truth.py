"""How many frames samples really need: the lab's truth, or what an oracle measured."""

from pathlib import Path

from framewise._artifacts import table_of
from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise.budgets._budget import Key
from framewise.budgets._table import read_budgets

TRUTH = "truth.jsonl"


def read_truth(path: Path) -> dict[Key, int]:
    """Smallest sufficient number of frames (m_min) of each video, by record id and media index.

    Args:
        path: A data root of the lab or its ``truth.jsonl``, or a run directory of ``framewise allocate``
            whose budgets are the truth (the allocator ``oracle``).

    Raises:
        UsageError: There is no such table, or a row is malformed.
    """
    file = table_of(path, TRUTH)
    if path.is_dir() and not file.exists():
        return {key: budget.num_frames for key, budget in read_budgets(path).items()}
    if not file.is_file():
        raise UsageError(f"{path} does not exist: give a lab's data root, a truth.jsonl or an oracle's run")
    found: dict[Key, int] = {}
    for number, row in enumerate(read_rows(file), start=1):
        needed = row.get("min_frames")
        if "record_id" not in row or not isinstance(needed, int) or needed < 1:
            raise UsageError(
                f"{file}, row {number}: needs 'record_id' and 'min_frames', a positive whole number"
            )
        found[row["record_id"], row.get("media_index", 0)] = needed
    return found
