"""The punctuation rule of visual question answering scripts, as two harnesses apply it."""

import re

_MARKS = (
    ";",
    "/",
    "[",
    "]",
    '"',
    "{",
    "}",
    "(",
    ")",
    "=",
    "+",
    "\\",
    "_",
    "-",
    ">",
    "<",
    "@",
    "`",
    ",",
    "?",
    "!",
)
_COMMA_IN_NUMBER = re.compile(r"\d,\d")
_PERIODS_AT_MOST = 32
"""The scripts pass a flag where the number of replacements stands, and the flag's value is 32."""

vlmevalkit_period = re.compile(r"(?<!\d)\.(?!\d)")
lmms_eval_period = re.compile(r"\.(?!\d)")


def clean_punctuation(text: str, period: re.Pattern[str]) -> str:
    """``text`` with each mark deleted, or replaced by a space, and with its periods deleted.

    A mark is deleted everywhere if it stands next to a space somewhere, or if the text holds a number with a
    comma; else each of it becomes a space.

    Args:
        text: What to clean.
        period: Which periods are deleted; the harnesses differ.
    """
    clean = text
    for mark in _MARKS:
        delete = f"{mark} " in text or f" {mark}" in text or _COMMA_IN_NUMBER.search(text) is not None
        clean = clean.replace(mark, "" if delete else " ")
    return period.sub("", clean, count=_PERIODS_AT_MOST)
