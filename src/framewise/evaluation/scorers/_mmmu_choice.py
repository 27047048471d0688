"""The multiple-choice rule of MMMU, which Video-MMMU, VLMEvalKit and lmms-eval up to 0.7.1 took over."""

from collections.abc import Mapping

API_ERROR = "API Error"
"""What an empty reply is called; such items are left out."""
_EDGES = (",", ".", "!", "?", ";", ":", "'")
_ENOUGH_WORDS = 5


def mmmu_choice(reply: str, options: Mapping[str, str]) -> str | None:
    """The option that is marked last: by ``X.`` and ``X:``, else ``(X)``, else ``X`` and a space, else its text.

    Faults kept: "D)" alone is not read, nor are lower-case letters, and the capital that ends a sentence counts
    as marked by its period.

    Args:
        reply: What the model said.
        options: The option texts by letter.

    Returns:
        A letter, ``API Error`` for an empty reply, or None.
    """
    if reply in ("", API_ERROR):
        return API_ERROR
    for mark in _EDGES:
        reply = reply.strip(mark)
    padded = f" {reply} "
    patterns, found = _candidates(padded, options)
    if len(found) <= 1:
        return found[0] if found else None
    text = padded.lower() if patterns is options else padded
    places = {letter: text.rfind(_lower_if(patterns is options, patterns[letter])) for letter in found}
    return max(found, key=places.__getitem__)


def _candidates(padded: str, options: Mapping[str, str]) -> tuple[Mapping[str, str], list[str]]:
    """Where to look for each letter, and the letters that were found, in the order in which they were."""
    periods = [letter for letter in options if f"{letter}." in padded]
    colons = [letter for letter in options if f"{letter}:" in padded]
    if periods or colons:
        form = "{}." if periods else "{}:"
        return _all(form, options), [*periods, *colons]
    for seen, form in (("({})", "({})"), ("{} ", " {} ")):
        found = [letter for letter in options if seen.format(letter) in padded]
        if found:
            return _all(form, options), found
    if len(padded.split()) > _ENOUGH_WORDS:
        return options, [letter for letter, option in options.items() if option.lower() in padded.lower()]
    return options, []


def _all(form: str, options: Mapping[str, str]) -> dict[str, str]:
    return {letter: form.format(letter) for letter in options}


def _lower_if(wanted: bool, text: str) -> str:
    return text.lower() if wanted else text
