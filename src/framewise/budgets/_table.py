"""Reading budgets back."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from framewise._artifacts import MANIFEST, require_finished
from framewise._errors import UsageError
from framewise._jsonl import read_rows
from framewise._keyed import KeyedRows
from framewise.budgets._budget import Budget, Key

BUDGETS = "budgets.jsonl"
STAGE = "allocate"


def read_budgets(path: Path) -> dict[Key, Budget]:
    """Budgets by record id and media index, in the order of the file.

    Args:
        path: A finished run directory of ``framewise allocate``, or a table in its format.

    Raises:
        UsageError: There is no such table, its run did not finish, a row is malformed, or a video has two
        budgets.
    """
    found: dict[Key, Budget] = {}
    for number, budget in enumerate(iterate_budgets(path), start=1):
        if budget.key in found:
            raise _repeated(path, number, budget.key)
        found[budget.key] = budget
    return found


def open_budgets(path: Path) -> Mapping[Key, Budget]:
    """As ``read_budgets``, for millions: they stay on disk, and each is read when it is asked for.

    Raises:
        UsageError: As there.
    """

    def refuse(number: int, key: Key) -> None:
        raise _repeated(path, number, key)

    return keyed_budgets(iterate_budgets(path), refuse)


def keyed_budgets(
    budgets: Iterable[Budget], on_repeated: Callable[[int, Key], None] | None = None
) -> KeyedRows[Key, Budget]:
    """Budgets by key, on disk; see ``KeyedRows``."""
    items = ((budget.key, budget.to_json()) for budget in budgets)
    return KeyedRows(items, Budget.from_json, on_repeated=on_repeated)


def _repeated(path: Path, number: int, key: Key) -> UsageError:
    return UsageError(f"{path}, row {number}: a second budget for medium {key[1]} of record {key[0]!r}")


def iterate_budgets(path: Path) -> Iterator[Budget]:
    """Budgets in the order of the file, as a stream.

    Args:
        path: As for ``read_budgets``.

    Raises:
        UsageError: As there, but for second budgets.
    """
    if path.is_dir():
        require_finished(path, STAGE)
        path = path / BUDGETS
    elif (path.parent / MANIFEST).exists():
        require_finished(path.parent)
    if not path.is_file():
        raise UsageError(f"{path} does not exist: `framewise allocate` writes it")
    for number, row in enumerate(read_rows(path), start=1):
        try:
            yield Budget.from_json(row)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{path}, row {number}: not a budget: {error}") from error
