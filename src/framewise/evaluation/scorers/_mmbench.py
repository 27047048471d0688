"""MMBench: two to four options, asked once for each rotation of them; right if right in all."""

from collections.abc import Callable, Sequence

import numpy as np

from framewise.evaluation._metrics import Metric, by, mean, ratio
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._outcome import Outcome, Row, lettered, right_if, text
from framewise.evaluation.scorers._robust_choice import robust_choice
from framewise.evaluation.scorers._scorer import Scorer, by_name
from framewise.evaluation.scorers._shared_letter import shared_letter
from framewise.evaluation.scorers._spreadsheet import read_back
from framewise.evaluation.scorers._vlmevalkit_choice import API_FAILURE, NO_CHOICE, vlmevalkit_choice

ROLL = 1_000_000
"""Roll k of question i has the index i + k * ROLL."""
_LETTERS = "ABCDE"
_COLUMNS = "ABCD"
_WRAPPERS = (
    "{}.", "{},", "{}:", "{})", "{}).", "({})", "({}).", ":{}", ":{},", ":{}.", ":{})", ":{}).",
)  # fmt: skip
_SHORT = 3


def group_of(row: Row) -> int:
    """The question that a row is a rotation of."""
    return int(row["index"]) % ROLL


def groups_of(rows: Sequence[Row]) -> dict[int, list[int]]:
    """Places of the rows of each question, the base row (the smallest index) first."""
    groups: dict[int, list[int]] = {}
    for place in sorted(range(len(rows)), key=lambda place: int(rows[place]["index"])):
        groups.setdefault(group_of(rows[place]), []).append(place)
    return groups


def _right(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> list[bool]:
    return [
        outcome.parsed is not None and outcome.parsed == row["answer"]
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


def _score_groups(rows: Sequence[Row], outcomes: list[Outcome]) -> list[Outcome]:
    """The question's score on its base row; the other rows have none."""
    right = _right(rows, outcomes)
    settled = [Outcome(outcome.parsed, None) for outcome in outcomes]
    for base, *rest in groups_of(rows).values():
        hit = all(right[place] for place in (base, *rest))
        settled[base] = Outcome(outcomes[base].parsed, float(hit))
    return settled


def mmbench_metrics(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """``circular`` (questions right in all rotations), ``vanilla`` (base rows right), ``consistency``.

    Consistency is the share of questions for which the text of the picked option is the same in all rotations:
    it tells a bias for positions from not knowing. Slices by category and group are of ``circular``.
    """
    right = _right(rows, outcomes)
    base, circular, vanilla, same = (np.zeros(len(rows)) for _ in range(4))
    for places in groups_of(rows).values():
        picked = {_picked(rows[place], outcomes[place]) for place in places}
        base[places[0]] = 1.0
        circular[places[0]] = float(all(right[place] for place in places))
        vanilla[places[0]] = float(right[places[0]])
        same[places[0]] = float(len(picked) == 1 and None not in picked)
    categories = [text(row, "category") for row in rows]
    groups = [text(row, "L2-category", "l2-category") for row in rows]
    return {
        "circular": ratio(circular, base),
        "vanilla": ratio(vanilla, base),
        "consistency": ratio(same, base),
        "unparsed_rate": mean([outcome.parsed is None for outcome in outcomes]),
        **by("category", categories, circular, base > 0),
        **by("group", groups, circular, base > 0),
    }


def _picked(row: Row, outcome: Outcome) -> str | None:
    return lettered(row, _LETTERS).get(str(outcome.parsed))


def _lmms_eval(row: Row) -> Outcome:
    """The static task: letters as whole tokens, else the one option text that is there, else the shared rule."""
    reply = text(row, "prediction")
    parsed = _whole_token(reply) or _option_text(row, reply) or shared_letter(reply, _COLUMNS)
    return right_if(parsed, text(row, "answer"))


def _whole_token(reply: str) -> str | None:
    tokens = [] if API_FAILURE in reply else reply.split()
    for form in ("{}", *_WRAPPERS):
        found = [letter for letter in _LETTERS if form.format(letter) in tokens]
        article = form == "{}" and "A" in tokens and len(tokens) > _SHORT
        if len(found) == 1 and not article:
            return found[0]
    return None


def _option_text(row: Row, reply: str) -> str | None:
    """Absent options take part as the text ``nan``."""
    options = {letter: lettered(row).get(letter, "nan") for letter in _COLUMNS}
    found = [letter for letter, option in options.items() if option.lower() in reply.lower()]
    return found[0] if len(found) == 1 else None


def _vlmevalkit(row: Row) -> Outcome:
    letter = vlmevalkit_choice(read_back(text(row, "prediction")) or "nan", lettered(row, _LETTERS))
    return right_if(None if letter == NO_CHOICE else letter, text(row, "answer"))


def _robust(row: Row) -> Outcome:
    return right_if(robust_choice(text(row, "prediction"), lettered(row, _LETTERS)), text(row, "answer"))


def _by_groups(name: str, version: str, read: Callable[[Row], Outcome]) -> Scorer:
    return Scorer(name=name, version=version, read=read, settle=_score_groups, metrics=mmbench_metrics)


SCORERS = by_name(
    # The authors' own evaluation is VLMEvalKit.
    _by_groups("official", tools.VLMEVALKIT, _vlmevalkit),
    _by_groups("lmms_eval", tools.LMMS_EVAL, _lmms_eval),
    _by_groups("vlmevalkit", tools.VLMEVALKIT, _vlmevalkit),
    Scorer(name="robust", version=tools.ROBUST, read=_robust, metrics=mmbench_metrics),
)
