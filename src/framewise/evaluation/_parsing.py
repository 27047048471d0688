"""Answers read out of texts by pure functions."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

# Letters and digits; a point between two digits belongs to the number, so that "1.5" does not name "5".
_WORD = re.compile(r"[^\W_]+(?:(?<=\d)\.(?=\d)[^\W_]+)*")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w)")


def words(text: str) -> list[str]:
    """``text`` without case and punctuation, as a list of words.

    >>> words("It's a RED circle,  1.5 wide.")
    ['its', 'a', 'red', 'circle', '1.5', 'wide']
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_APOSTROPHE.sub("", plain))


@lru_cache(maxsize=1 << 15)
def words_of_choice(choice: str) -> tuple[str, ...]:
    """The words of a text that is asked for again and again."""
    return tuple(words(choice))


def find_choice(text: str, choices: Sequence[str]) -> str | None:
    """The one choice that ``text`` names, or None.

    First the choice whose words are exactly the text's. Else every place is found where a choice stands as
    whole words; a place inside a longer choice's place does not count, so "red circle" names ``red circle``
    and not ``red``. What is left must name one choice: a text that names two, or none, is not an answer.

    >>> find_choice("The red circle.", ["red", "red circle", "blue"])
    'red circle'
    >>> find_choice("left or right", ["left", "right"]) is None
    True

    Args:
        text: What the model said.
        choices: Texts that differ in their words.
    """
    named = find_choices(text, choices)
    return named[0] if len(named) == 1 else None


def find_choices(text: str, choices: Sequence[str]) -> list[str]:
    """All choices that ``text`` names, by the rules of ``find_choice``, in the order of ``choices``.

    >>> find_choices("left or right", ["left", "right", "up"])
    ['left', 'right']
    """
    said = tuple(words(text))
    wanted = {choice: words_of_choice(choice) for choice in choices}
    exact = [choice for choice, parts in wanted.items() if parts and parts == said]
    if exact:
        return exact
    places = [(choice, span) for choice, parts in wanted.items() for span in _spans(said, parts)]
    outer = _outer({span for _, span in places})
    named = {choice for choice, span in places if span in outer}
    return [choice for choice in wanted if choice in named]


def _spans(said: tuple[str, ...], parts: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    length = len(parts)
    if length == 0 or not {*parts} <= {*said}:
        return
    for start in range(len(said) - length + 1):
        if said[start] == parts[0] and said[start : start + length] == parts:
            yield start, start + length


def _outer(spans: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """The spans that lie inside no other."""
    found, reach = set(), -1
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end > reach:
            found.add((start, end))
            reach = end
    return found
