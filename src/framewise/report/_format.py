"""Numbers as people read them. All of them are filters of the templates too."""

from collections.abc import Sequence
from datetime import datetime

MINUS = "\u2212"
THIN = "\u202f"
NO_BREAK = "\u00a0"
ABSENT = "\u2013"
"""What stands where there is no number."""


def percent(value: float | None, digits: int = 1) -> str:
    r"""A fraction 0 to 1 as percent.

    >>> percent(0.6126)
    '61.3\u202f%'
    """
    return ABSENT if value is None else f"{_round(value * 100, digits)}{THIN}%"


def points(value: float | None) -> str:
    """A difference of fractions in percentage points, with its sign.

    >>> points(-0.031), points(0.0001)
    ('−3.1', '0.0')
    """
    if value is None:
        return ABSENT
    text = _round(value * 100, 1)
    return text if text.startswith(MINUS) or text == "0.0" else f"+{text}"


def size_of(value: float) -> str:
    """The size of a difference in percentage points, without its sign."""
    return _round(abs(value) * 100, 1)


def interval(ci: Sequence[float] | None) -> str:
    r"""The two ends of an interval of a difference, in percentage points.

    >>> interval([-0.05, 0.012])
    '−5.0\xa0to\xa0+1.2'
    """
    return ABSENT if ci is None else f"{points(ci[0])}{NO_BREAK}to{NO_BREAK}{points(ci[1])}"


def count(value: float | None) -> str:
    """A whole number with its thousands set apart.

    >>> count(12345)
    '12,345'
    """
    return ABSENT if value is None else f"{round(value):,}".replace("-", MINUS)


def decimal(value: float | None, digits: int = 1) -> str:
    """A number with a fixed number of digits."""
    return ABSENT if value is None else _round(value, digits)


def seconds(value: float | None) -> str:
    r"""A duration.

    >>> seconds(9.21), seconds(95.4), seconds(7300)
    ('9.2\u202fs', '1\u202fmin 35\u202fs', '2\u202fh 1\u202fmin')
    """
    if value is None:
        return ABSENT
    if value < 60:
        return f"{value:.1f}{THIN}s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes}{THIN}min {rest}{THIN}s"
    return f"{minutes // 60}{THIN}h {minutes % 60}{THIN}min"


def moment(text: str | None) -> str:
    """A time of a manifest, to the minute.

    >>> moment("2026-03-18T09:05:31+00:00")
    '18 March 2026, 09:05 UTC'
    """
    if text is None:
        return ABSENT
    time = datetime.fromisoformat(text)
    return f"{time.day} {time:%B %Y, %H:%M} {time:%Z}".rstrip()


def listing(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _round(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)
