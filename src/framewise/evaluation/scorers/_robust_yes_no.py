"""Our reading of yes/no replies."""

import re

from framewise.evaluation._parsing import words
from framewise.evaluation.scorers._robust_text import announced, sentences, without_reasoning

_ALONE = re.compile(r"^\W*(yes|no)\b(?!\s*\w)", re.IGNORECASE)
_FIRST = re.compile(r"^\W*(yes|no)\b", re.IGNORECASE)
_LETTERS = {"y": "yes", "n": "no"}


def robust_yes_no(reply: str) -> str | None:
    """``yes``, ``no`` or None.

    Reasoning in tags is ignored. What follows the last "the answer is" is read first, then the whole reply; of
    either, in this order: the last sentence that begins with the word and a mark (or is the word alone, or its
    first letter), the first sentence that begins with the word, and the only one of the two words that is there
    at all. "Yes and no" and "nothing" are no answers.

    >>> robust_yes_no("**Yes**, there is no doubt."), robust_yes_no("nothing"), robust_yes_no("Yes and no")
    ('yes', None, None)

    Args:
        reply: What the model said.
    """
    said = without_reasoning(reply)
    tail = announced(said)
    found = _read(tail) if tail is not None else None
    return found or _read(said)


def _read(text: str) -> str | None:
    there = words(text)
    if len(there) == 1 and there[0] in _LETTERS:
        return _LETTERS[there[0]]
    if there in (["yes", "and", "no"], ["yes", "or", "no"], ["no", "yes"], ["yes", "no"]):
        return None
    parts = sentences(text)
    alone = [found[1] for part in parts if (found := _ALONE.match(part))]
    if alone:
        return alone[-1].lower()
    first = [found[1] for part in parts if (found := _FIRST.match(part))]
    if first:
        return first[0].lower()
    both = {"yes", "no"} & set(there)
    return both.pop() if len(both) == 1 else None
