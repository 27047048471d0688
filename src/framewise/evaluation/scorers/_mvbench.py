"""MVBench: twenty tasks of two to five options; the answer is given as text."""

import re
from collections.abc import Sequence

import numpy as np

from framewise._errors import UsageError
from framewise.evaluation._metrics import Metric, by, macro, mean
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._outcome import Outcome, Row, enumerated, right_if, text, texts
from framewise.evaluation.scorers._robust_choice import robust_choice
from framewise.evaluation.scorers._scorer import Scorer, by_name, scores
from framewise.evaluation.scorers._spreadsheet import read_back
from framewise.evaluation.scorers._vlmevalkit_choice import API_FAILURE, NO_CHOICE, vlmevalkit_choice
from framewise.evaluation.scorers._vqa import clean_punctuation, lmms_eval_period

_LETTER_AND_TEXT = re.compile(r"([a-e])\.\s*.+", re.IGNORECASE)
_SINGLE_LETTER = re.compile(r"\b([a-e])\b", re.IGNORECASE)


def gold_letters(row: Row) -> list[str]:
    """The letters of the candidates that are the answer's text: one, but for tasks with equal candidates.

    Raises:
        UsageError: The answer is no candidate.
    """
    candidates, answer = texts(row, "candidates"), text(row, "answer")
    letters = [letter for letter, candidate in enumerated(candidates).items() if candidate == answer]
    if not letters:
        raise UsageError(
            f"item {row.get('item_id')!r}: the answer {answer!r} is none of the candidates {candidates}"
        )
    return letters


def _agrees_with(reply: str, letter: str) -> bool:
    """The official check: the first token and the gold letter in brackets, either within the other.

    So an empty reply, a single bracket and the letter alone are all right.
    """
    token = reply.lower().strip().split(" ")[0]
    bracketed = f"({letter.lower()})"
    return token.replace(".", "") in bracketed or bracketed in token


def _official(row: Row) -> Outcome:
    """The first line of the reply, put to the official check; of equal candidates the last is gold."""
    reply, gold = text(row, "prediction").strip().split("\n")[0], gold_letters(row)[-1]
    if _agrees_with(reply, gold):
        return Outcome(gold, 1.0)
    others = (letter for letter in enumerated(texts(row, "candidates")) if _agrees_with(reply, letter))
    return Outcome(next(others, None), 0.0)


def _vlmevalkit(row: Row) -> Outcome:
    """The official check, else the matcher on the candidates; no score without a reply, -1 for a failed request."""
    reply = read_back(text(row, "prediction"))
    if reply is None:
        return Outcome(None, None)
    if API_FAILURE in reply:
        return Outcome(None, -1.0)
    golds = gold_letters(row)
    if _agrees_with(reply, golds[-1]):
        return Outcome(golds[-1], 1.0)
    letter = vlmevalkit_choice(reply, enumerated(texts(row, "candidates")))
    return right_if(None if letter == NO_CHOICE else letter, golds[0])


def _lmms_eval(row: Row) -> Outcome:
    """The first letter from a to e that stands alone, the article in "a man" among them."""
    reply = text(row, "prediction").strip()
    found = _LETTER_AND_TEXT.fullmatch(reply) or _SINGLE_LETTER.search(
        clean_punctuation(reply.replace("\n", " ").replace("\t", " "), lmms_eval_period)
    )
    return right_if(found[1].upper() if found else None, gold_letters(row)[0])


def _robust(row: Row) -> Outcome:
    parsed = robust_choice(text(row, "prediction"), enumerated(texts(row, "candidates")))
    golds = gold_letters(row)
    return right_if(parsed, parsed if parsed in golds else golds[0])


def _mean_of_tasks(
    rows: Sequence[Row], outcomes: Sequence[Outcome], values: Sequence[float], kept: Sequence[bool]
) -> dict[str, Metric]:
    tasks = by("task", [text(row, "task_type") for row in rows], values, kept, unit="percent")
    unparsed = mean([outcome.parsed is None for outcome in outcomes])
    return {"overall": macro(list(tasks.values())), "unparsed_rate": unparsed, **tasks}


def _every_item(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """Accuracy of each task, and their mean."""
    return _mean_of_tasks(rows, outcomes, scores(outcomes), [True] * len(rows))


def _without_empty(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """lmms-eval: items whose output is the empty text do not count."""
    return _mean_of_tasks(rows, outcomes, scores(outcomes), [row["prediction"] != "" for row in rows])


def _missing_is_right(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """VLMEvalKit: whatever is not zero counts as right, a missing reply and a failed request too.

    Its overall is over all items, which is the mean of the tasks where all have as many.
    """
    right = [float(outcome.score != 0.0) for outcome in outcomes]
    found = _mean_of_tasks(rows, outcomes, right, [True] * len(rows))
    return {**found, "overall": mean(np.array(right), unit="percent")}


SCORERS = by_name(
    Scorer(name="official", version="4dd8210", read=_official, metrics=_every_item),
    Scorer(name="lmms_eval", version=tools.LMMS_EVAL, read=_lmms_eval, metrics=_without_empty),
    Scorer(name="vlmevalkit", version=tools.VLMEVALKIT, read=_vlmevalkit, metrics=_missing_is_right),
    Scorer(name="robust", version=tools.ROBUST, read=_robust, metrics=_every_item),
)
