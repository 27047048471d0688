"""Readings of yes and no, one function for each tool's rule."""

from collections.abc import Callable

from framewise.evaluation.scorers._outcome import Outcome, Row, text
from framewise.evaluation.scorers._spreadsheet import read_back
from framewise.evaluation.scorers._vqa import clean_punctuation, vlmevalkit_period


def lmms_eval_mme(reply: str) -> str | None:
    """Of the text without periods: exact, one letter, or yes before no within the first four characters."""
    plain = reply.lower().strip().replace(".", "")
    if plain in ("y", "n"):
        return {"y": "yes", "n": "no"}[plain]
    return official_mme(plain)


def official_mme(reply: str) -> str | None:
    """Exact, or yes before no within the first four characters; so "now" is no, and "y" is nothing."""
    start = reply.lower()[:4]
    if "yes" in start:
        return "yes"
    return "no" if "no" in start else None


def official_pope(reply: str) -> str:
    """No if a word of the first sentence is ``No``, ``no`` or ``not``; everything else is yes."""
    words = reply.split(".")[0].replace(",", "").split(" ")
    return "no" if {"No", "no", "not"} & set(words) else "yes"


def vlmevalkit_yes_no(reply: str) -> str | None:
    """``Yes`` if the word yes is there and no is not, ``No`` for the reverse, else nothing."""
    words = clean_punctuation((read_back(reply) or "nan").lower(), vlmevalkit_period).split()
    if ("yes" in words) == ("no" in words):
        return None
    return "Yes" if "yes" in words else "No"


def tempcompass_yes_no(reply: str) -> str | None:
    """How the text begins; so "nothing" is no, and a space before it is nothing."""
    lower = reply.lower()
    if lower.startswith("yes"):
        return "yes"
    return "no" if lower.startswith("no") else None


def yes_no_rule(read: Callable[[str], str | None]) -> Callable[[Row], Outcome]:
    """The rule that a reply is right if ``read`` finds the gold word in it, whatever the case."""

    def score(row: Row) -> Outcome:
        parsed = read(text(row, "prediction"))
        return Outcome(parsed, float((parsed or "").lower() == text(row, "answer").lower()))

    return score
