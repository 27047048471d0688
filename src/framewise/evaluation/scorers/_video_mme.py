"""Video-MME: four options, three questions about each of 900 videos of three durations."""

from collections.abc import Callable, Sequence

import numpy as np

from framewise.evaluation._metrics import Metric, Unit, by, mean
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._first_capital import (
    LMMS_EVAL_PREFIXES,
    OFFICIAL_PREFIXES,
    VLMEVALKIT_PREFIXES,
    first_capital,
)
from framewise.evaluation.scorers._outcome import Outcome, Row, enumerated, right_if, text, texts
from framewise.evaluation.scorers._robust_choice import robust_choice, without_letter
from framewise.evaluation.scorers._scorer import Scorer, by_name, scored, scores
from framewise.evaluation.scorers._shared_letter import shared_letter
from framewise.evaluation.scorers._spreadsheet import read_back

LETTERS = "ABCD"
SLICES = ("duration", "domain", "sub_category", "task_type")
Metrics = Callable[[Sequence[Row], Sequence[Outcome]], dict[str, Metric]]


def _official(row: Row) -> Outcome:
    """A reply without a letter is left out."""
    letter = first_capital(text(row, "prediction"), OFFICIAL_PREFIXES)
    return Outcome(None, None) if letter is None else right_if(letter, text(row, "answer"))


def _lmms_eval(row: Row) -> Outcome:
    return right_if(shared_letter(text(row, "prediction"), LETTERS), text(row, "answer"))


def _lmms_eval_old(row: Row) -> Outcome:
    return right_if(first_capital(text(row, "prediction"), LMMS_EVAL_PREFIXES), text(row, "answer"))


def _vlmevalkit(row: Row) -> Outcome:
    reply = read_back(text(row, "prediction")) or "nan"
    return right_if(first_capital(reply, VLMEVALKIT_PREFIXES), text(row, "answer"))


def _robust(row: Row) -> Outcome:
    options = [without_letter(option) for option in texts(row, "options", "candidates")]
    return right_if(robust_choice(text(row, "prediction"), enumerated(options)), text(row, "answer"))


def _metrics(unit: Unit, *, crossed: bool = False) -> Metrics:
    """``overall`` and its slices; ``crossed``: also each slice within each duration."""

    def metrics(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
        right, kept = scores(outcomes), np.array(scored(outcomes))
        keys = {name: [text(row, name) for row in rows] for name in SLICES}
        found = {"overall": mean(right, kept, unit=unit)}
        found["unparsed_rate"] = mean([outcome.parsed is None for outcome in outcomes])
        for name in SLICES:
            found.update(by(name, keys[name], right, kept, unit=unit))
        for duration in dict.fromkeys(keys["duration"]) if crossed else ():
            here = kept & np.array([other == duration for other in keys["duration"]])
            for name in SLICES[1:]:
                found.update(by(f"duration/{duration}/{name}", keys[name], right, here, unit=unit))
        return found

    return metrics


SCORERS = by_name(
    Scorer(name="official", version="afd52cf", read=_official, metrics=_metrics("percent", crossed=True)),
    Scorer(name="lmms_eval", version=tools.LMMS_EVAL, read=_lmms_eval, metrics=_metrics("percent")),
    Scorer(
        name="lmms_eval_v071", version=tools.LMMS_EVAL_OLD, read=_lmms_eval_old, metrics=_metrics("percent")
    ),
    Scorer(
        name="vlmevalkit",
        version=tools.VLMEVALKIT,
        read=_vlmevalkit,
        metrics=_metrics("fraction", crossed=True),
    ),
    Scorer(name="robust", version=tools.ROBUST, read=_robust, metrics=_metrics("percent")),
)
