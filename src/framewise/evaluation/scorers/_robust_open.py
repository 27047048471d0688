"""Our reading of replies to open questions."""

import math
from collections.abc import Sequence

from framewise.evaluation._parsing import words
from framewise.evaluation.scorers._outcome import Outcome
from framewise.evaluation.scorers._robust_text import announced, sentences, without_reasoning

_TOLERANCE = 0.005


def robust_open(reply: str, gold: str | Sequence[str]) -> Outcome:
    """Right if the final answer holds a gold text as whole words, or its last number is a gold number.

    The final answer is the first sentence after the last "the answer is", else the last sentence; a number may
    stand in any sentence if there is none in that. Numbers agree to two decimals. Unlike in the tools' rule,
    "b4" is not 4, and "a cat" is not the letter a.

    >>> robust_open("So 2 + 3 is 5, and the answer is 1,000 m.", "1000").score
    1.0

    Args:
        reply: What the model said.
        gold: The gold text, or several that are all right.
    """
    said = without_reasoning(reply)
    tail = announced(said)
    final = next(iter(sentences(tail)), "") if tail else next(iter(sentences(said)[::-1]), "")
    if not words(said):
        return Outcome(None, 0.0)
    golds = [gold] if isinstance(gold, str) else gold
    return Outcome(final, float(any(_holds(final, said, one) for one in golds)))


def _holds(final: str, said: str, gold: str) -> bool:
    number = _number(gold)
    if number is not None:
        numbers = _numbers(final) or _numbers(said)
        return bool(numbers) and abs(numbers[-1] - number) <= _TOLERANCE
    there, wanted = words(final), words(gold)
    if len(wanted) == 1 and len(wanted[0]) == 1:
        return there[-1:] == wanted
    return any(there[start : start + len(wanted)] == wanted for start in range(len(there) - len(wanted) + 1))


def _numbers(text: str) -> list[float]:
    return [value for part in text.split() if (value := _number(part)) is not None]


def _number(text: str) -> float | None:
    try:
        value = float(text.strip(" .,;:!?()$%=").replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
