"""Numbers of any size, as the pages about gradients show them."""

from typing import Any

from framewise.report._format import ABSENT, MINUS, NO_BREAK


def significant(value: float | None, digits: int = 3) -> str:
    """A number of any size with so many digits that count.

    >>> significant(-0.00012345), significant(None)
    ('−0.000123', '–')
    """
    return ABSENT if value is None else f"{value:.{digits}g}".replace("-", MINUS)


def ends(number: dict[str, Any]) -> str:
    """Both ends of a number's interval.

    >>> ends({"ci95": None})
    '–'
    """
    found = number["ci95"]
    between = f"{NO_BREAK}to{NO_BREAK}"
    return ABSENT if found is None else between.join(significant(end) for end in found)
