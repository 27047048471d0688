"""The rule of MMMU for open questions, which all tools use for Video-MMMU."""

import re
from collections.abc import Iterable, Sequence

from framewise.evaluation.scorers._mmmu_choice import API_ERROR

_INDICATORS = (
    "could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ", "are ", "in total ", "total ",
    "identify ", "recognize ", "calculated as ", "counted as ", "measured as ", "observed as ", "concluded as ",
    "found to be ", "equals ", "determined to be ", "number of ", "value is ", "adds up to ", "have ", "has ",
)  # fmt: skip
_PUNCTUATION = (":", ",", ".", "!", "?", ";", "'")
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?(?<!\d)\d++(?:\.\d++)?[eE][+-]?\d+"),
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),
)
"""Numbers with commas, with an exponent (looked for where a row of digits begins only), and plain ones."""

Value = str | float


def mmmu_open(reply: str) -> list[Value] | str:
    """Everything in ``reply`` that may be its answer, or ``API Error`` for an empty one.

    The candidates are the shortest text after a word such as "is" in each line, and every number in them.
    """
    if reply in ("", API_ERROR):
        return API_ERROR
    plain = reply.strip().strip(".").lower()
    lines = plain.split("\n")
    tails = [tail for place, line in enumerate(lines) if (tail := _tail(line, place == len(lines) - 1))]
    tails = tails or [plain]
    numbers = [number for tail in tails for pattern in _NUMBERS for number in pattern.findall(tail)]
    values = [value for text in (*tails, *numbers) for value in _normal(text)]
    return list(dict.fromkeys(values))


def mmmu_open_matches(gold: str | Sequence[str], read: Iterable[Value]) -> bool:
    """Whether a gold text is part of a candidate text, or a gold number equals a candidate number."""
    golds = [gold] if isinstance(gold, str) else gold
    wanted = [value for one in golds for value in _normal(one)]
    return any(_agree(one, candidate) for candidate in read for one in wanted)


def _agree(gold: Value, candidate: Value) -> bool:
    if isinstance(candidate, str):
        return isinstance(gold, str) and gold in candidate
    return gold == candidate


def _tail(line: str, last: bool) -> str | None:
    """The shortest text after an indicator; but an empty one gives way to whatever comes next."""
    shortest = ""
    for indicator in (*_INDICATORS, "=") if last else _INDICATORS:
        if indicator in line:
            tail = line.split(indicator)[-1].strip()
            shortest = tail if not shortest or len(tail) < len(shortest) else shortest
    return None if shortest in _PUNCTUATION else shortest


def _normal(text: str) -> list[Value]:
    plain = text.strip()
    try:
        return [round(float(plain.replace(",", "")), 2)]
    except ValueError:
        lower = plain.lower()
        return [f" {lower}", f"{lower} "] if len(lower) == 1 else [lower]
