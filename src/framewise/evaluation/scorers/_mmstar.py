"""MMStar: four options, six categories of three kinds each."""

import re
from collections.abc import Sequence

import numpy as np

from framewise.evaluation._metrics import Metric, by, count, macro, mean
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._outcome import Outcome, Row, lettered, right_if, text
from framewise.evaluation.scorers._robust_choice import robust_choice
from framewise.evaluation.scorers._scorer import Scorer, by_name, scores
from framewise.evaluation.scorers._shared_letter import shared_letter
from framewise.evaluation.scorers._spreadsheet import read_back
from framewise.evaluation.scorers._vlmevalkit_choice import NO_CHOICE, vlmevalkit_choice

LETTERS = "ABCD"
_FULL_SIZE, _CATEGORY_SIZE = 1500, 250
_OPTIONS = re.compile(r"\n\s*Options:\s*A: (.*?), B: (.*?), C: (.*?), D: (.*)\Z", re.DOTALL)


def mmstar_options(row: Row) -> dict[str, str]:
    """The option texts by letter: of the columns A to D, else of the list at the end of the question.

    Empty where the list is not in the official form.
    """
    if "A" in row:
        return lettered(row)
    found = _OPTIONS.search(text(row, "question"))
    return dict(zip(LETTERS, (option.strip() for option in found.groups()), strict=True)) if found else {}


def _first_letter(row: Row) -> Outcome:
    """The official script: the text begins with the letter, in one of four wordings, whatever the case.

    "apple" is read as A, and "The correct answer is (A)." as nothing.
    """
    reply = text(row, "prediction").lower().strip().replace("\n", " ")
    wordings = ("{}", "({}", "option {}", "the answer is {}")
    starts = (x for x in LETTERS if reply.startswith(tuple(w.format(x.lower()) for w in wordings)))
    return right_if(next(starts, None), text(row, "answer"))


def _lmms_eval(row: Row) -> Outcome:
    return right_if(shared_letter(text(row, "prediction"), LETTERS), text(row, "answer"))


def _vlmevalkit(row: Row) -> Outcome:
    reply = read_back(text(row, "prediction")) or "nan"
    letter = vlmevalkit_choice(reply, mmstar_options(row))
    return right_if(None if letter == NO_CHOICE else letter, text(row, "answer"))


def _robust(row: Row) -> Outcome:
    options = mmstar_options(row) or dict.fromkeys(LETTERS, "")
    return right_if(robust_choice(text(row, "prediction"), options), text(row, "answer"))


def _slices(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> tuple[list[float], list[str], list[str]]:
    return (
        scores(outcomes),
        [text(row, "category") for row in rows],
        [text(row, "l2_category") for row in rows],
    )


def _micro(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """Every item counts once."""
    right, categories, kinds = _slices(rows, outcomes)
    slices = {**by("category", categories, right), **by("l2_category", kinds, right)}
    return {"overall": mean(right), "unparsed_rate": _unparsed(outcomes), **slices}


def _macro(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """Every kind (l2 category) counts once, however many items it has."""
    right, categories, kinds = _slices(rows, outcomes)
    found = by("l2_category", kinds, right)
    parent = dict(zip(kinds, categories, strict=True))
    groups = {
        f"category/{category}": macro(
            [found[f"l2_category/{kind}"] for kind in parent if parent[kind] == category]
        )
        for category in dict.fromkeys(categories)
    }
    return {"overall": macro(list(found.values())), "unparsed_rate": _unparsed(outcomes), **groups, **found}


def _fixed_sizes(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """The official script: sums over 1500 and 250, whatever the real numbers are; true accuracies by kind."""
    right, categories, kinds = _slices(rows, outcomes)
    groups = {
        f"category/{category}": count(np.array(right) * [other == category for other in categories]).scaled(
            1 / _CATEGORY_SIZE, "fraction"
        )
        for category in dict.fromkeys(categories)
    }
    overall = count(right).scaled(1 / _FULL_SIZE, "fraction")
    return {
        "overall": overall,
        "unparsed_rate": _unparsed(outcomes),
        **groups,
        **by("l2_category", kinds, right),
    }


def _unparsed(outcomes: Sequence[Outcome]) -> Metric:
    return mean([outcome.parsed is None for outcome in outcomes])


SCORERS = by_name(
    Scorer(name="official", version="88f243a", read=_first_letter, metrics=_fixed_sizes),
    Scorer(name="lmms_eval", version=tools.LMMS_EVAL, read=_lmms_eval, metrics=_macro),
    Scorer(name="lmms_eval_v071", version=tools.LMMS_EVAL_OLD, read=_first_letter, metrics=_macro),
    Scorer(name="vlmevalkit", version=tools.VLMEVALKIT, read=_vlmevalkit, metrics=_micro),
    Scorer(name="robust", version=tools.ROBUST, read=_robust, metrics=_micro),
)
