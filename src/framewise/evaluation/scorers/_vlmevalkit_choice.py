"""VLMEvalKit's matcher of multiple-choice replies, without its judge."""

import re
from collections.abc import Mapping

NO_CHOICE = "Z"
API_FAILURE = "Failed to obtain answer via API"
_REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
_MARKS = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
_LAST_TOKENS = 5
_PHRASE = re.compile(r"answer\s+is\s+\**([A-D])", re.IGNORECASE)


def vlmevalkit_choice(reply: str, options: Mapping[str, str]) -> str | None:
    """The letter that stands alone near the end, else the one option whose text is in the reply.

    Faults kept: "answer is a dog" is read as A, and a letter early in a long reply is not read at all.

    Args:
        reply: What the model said.
        options: The option texts by letter.

    Returns:
        A letter, ``Z`` for a refusal, or None where the tool would ask its judge.
    """
    return _named_letter(reply, options) or _named_text(reply, options)


def _named_letter(reply: str, options: Mapping[str, str]) -> str | None:
    if API_FAILURE in reply:
        return None
    if any(refusal in reply for refusal in _REFUSALS):
        return NO_CHOICE
    tokens = reply.translate(_MARKS).split()
    letters = [letter for letter in options if letter in tokens]
    if len(letters) == 1 and tokens.index(letters[0]) > len(tokens) - _LAST_TOKENS:
        return letters[0]
    if not letters and NO_CHOICE in tokens:
        return NO_CHOICE
    phrase = _PHRASE.search(reply)
    if phrase is not None and phrase[1].upper() in options:
        return phrase[1].upper()
    return None


def _named_text(reply: str, options: Mapping[str, str]) -> str | None:
    lower = reply.lower()
    if len(lower) > 2 * sum(map(len, options.values())):
        return None
    named = [letter for letter, option in options.items() if option.lower() in lower]
    return named[0] if len(named) == 1 else None
