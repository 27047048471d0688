"""What one scoring rule makes of one reply, and the fields of an item that rules read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framewise._errors import UsageError

Row = Mapping[str, Any]
"""The official fields of an item with ``item_id`` and ``prediction``."""
Parsed = str | list[Any] | None


@dataclass(frozen=True)
class Outcome:
    """What a reply was read as, and what that is worth."""

    parsed: Parsed
    """The answer that was read out of the reply, in the rule's own form; None: there was none to read."""
    score: float | None
    """0 to 1, or what the rule gives in its place (-1 for a failed request); None: the item is left out."""


def right_if(parsed: str | None, gold: str) -> Outcome:
    """1 if what was read is the gold text, else 0."""
    return Outcome(parsed, float(parsed == gold))


def text(row: Row, *names: str) -> str:
    """The text in the first of the fields ``names`` that the row has.

    Raises:
        UsageError: None of them is there, or it holds no text.
    """
    value = next((row[name] for name in names if name in row), None)
    if not isinstance(value, str):
        found = "nothing" if value is None else type(value).__name__
        raise UsageError(f"item {row.get('item_id')!r}: {' or '.join(names)} must be a text, found {found}")
    return value


def texts(row: Row, *names: str) -> list[str]:
    """The list of texts in the first of the fields ``names`` that the row has.

    Raises:
        UsageError: None of them is there, or it is no list of texts.
    """
    value = next((row[name] for name in names if name in row), None)
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or not all(isinstance(v, str) for v in value)
    ):
        raise UsageError(f"item {row.get('item_id')!r}: {' or '.join(names)} must be a list of texts")
    return list(value)


def lettered(row: Row, letters: str = "ABCD") -> dict[str, str]:
    """Texts of the columns ``A``, ``B``, ... that hold an option, by letter.

    Absent options are missing, or cells that ``is_absent`` finds empty.
    """
    options = {letter: row.get(letter) for letter in letters}
    return {letter: str(option) for letter, option in options.items() if not is_absent(option)}


def is_absent(cell: Any) -> bool:
    """Whether a cell says that there is nothing: null, empty, not a number, or the text ``nan``."""
    return cell in (None, "", "nan") or (isinstance(cell, float) and math.isnan(cell))


def enumerated(options: Sequence[str]) -> dict[str, str]:
    """Options by letter, A first.

    >>> enumerated(["red", "blue"])
    {'A': 'red', 'B': 'blue'}
    """
    return {chr(ord("A") + place): option for place, option in enumerate(options)}
