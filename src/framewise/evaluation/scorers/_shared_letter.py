"""The letter extractor that lmms-eval's tasks share from version 0.7.2 on (its commit 9ca4445d)."""

from collections.abc import Iterator, Sequence

_EDGES = (",", ".", "!", "?", ";", ":", "'", '"')
_PHRASES = (
    *(
        f"{article}{words}"
        for words in (
            "answer is", "correct answer is", "best answer is", "correct option is", "best option is",
            "choice is", "correct choice is",
        )
        for article in ("", "the ")
    ),
    "i choose", "i select", "i pick", "my answer is", "my choice is",
    "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは",
)  # fmt: skip
_FORMS = (("({})", 6), ("{}.", 5), ("{}:", 4), ("{})", 3), ("{} ", 2))
"""Marks around a letter, and how much each is trusted."""


def shared_letter(reply: str, letters: Sequence[str]) -> str | None:
    """The letter of the most trusted mark; the later one of two that are trusted alike.

    Faults kept: lower-case letters and option texts are not read, and after "the answer is" the first capital
    of ANY word counts, so that "The answer is A. Because ..." is read as B.

    >>> shared_letter("The answer is A. Because the ball moves", "ABCD")
    'B'

    Args:
        reply: What the model said.
        letters: Letters of the item's options.
    """
    stripped = reply.strip()
    for mark in _EDGES:
        stripped = stripped.strip(mark)
    if not stripped.strip():
        return None
    padded = f" {stripped} "
    found = [
        *_marked(padded, letters),
        *_after_phrases(padded, letters),
        *_at_ends(stripped.strip(), letters),
    ]
    found = found or [(0, padded.rfind(letter), letter) for letter in letters if letter in padded]
    if not found:
        return None
    return max(found, key=lambda candidate: candidate[:2])[2]


def _marked(padded: str, letters: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    for form, trust in _FORMS:
        for letter in letters:
            place = padded.rfind(form.format(letter))
            if place >= 0:
                yield trust, place, letter


def _after_phrases(padded: str, letters: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    lower = padded.lower()
    for phrase in _PHRASES:
        start = lower.find(phrase)
        if start < 0:
            continue
        for letter in letters:
            place = padded.find(letter, start + len(phrase))
            if place >= 0:
                yield 7, place, letter


def _at_ends(stripped: str, letters: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    for letter in letters:
        if stripped.startswith(letter) and not stripped[1:2].isalpha():
            yield 10, 0, letter
        if stripped.endswith(letter) and not stripped[-2:-1].isalpha():
            yield 9, len(stripped) - 1, letter
