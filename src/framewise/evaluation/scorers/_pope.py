"""POPE: is an object there, yes or no; three splits that differ in the objects that are not there."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from framewise.evaluation._metrics import Metric, Unit, count, macro, ratio
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._outcome import Outcome, Row, text
from framewise.evaluation.scorers._robust_yes_no import robust_yes_no
from framewise.evaluation.scorers._scorer import Scorer, by_name, scores
from framewise.evaluation.scorers._yes_no import official_pope, vlmevalkit_yes_no, yes_no_rule

Tables = Callable[[Sequence[Row], Sequence[Outcome]], dict[str, Metric]]


def _tables(unit: Unit, *, unread_is_missed: bool, ratio_of_gold: bool = False) -> Tables:
    """The metrics of a tool.

    Args:
        unit: Of all but the yes ratio.
        unread_is_missed: Whether a yes-item whose reply says neither counts below the recall.
        ratio_of_gold: Whether the yes ratio is taken of the gold answers (a fault of lmms-eval).
    """

    def metrics(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
        gold = np.array([text(row, "answer").lower() == "yes" for row in rows])
        read = [str(outcome.parsed).lower() for outcome in outcomes]
        yes, no = np.array([r == "yes" for r in read]), np.array([r == "no" for r in read])
        cells = {
            "right": np.array(scores(outcomes)),
            "TP": gold & yes,
            "FP": ~gold & yes,
            "TN": ~gold & no,
            "FN": gold & (~yes if unread_is_missed else no),
            "yes": gold if ratio_of_gold else yes,
            "unread": ~yes & ~no,
        }
        splits = [text(row, "category").split(",") for row in rows]
        names = list(dict.fromkeys(name for split in splits for name in split))
        tables = {name: _table(cells, np.array([name in split for split in splits]), unit) for name in names}
        pooled = _table(cells, np.array([len(split) for split in splits]), unit)
        means = {
            f"mean_{name}": macro([table[name] for table in tables.values()]) for name in ("accuracy", "f1")
        }
        slices = {f"category/{s}/{name}": m for s, table in tables.items() for name, m in table.items()}
        return {**{name: pooled[name] for name in _HEADLINES}, **means, **slices}

    return metrics


_HEADLINES = ("accuracy", "precision", "recall", "f1", "yes_ratio", "unparsed_rate")


def _table(cells: Mapping[str, np.ndarray], times: np.ndarray, unit: Unit) -> dict[str, Metric]:
    """The metrics where each item counts ``times`` times."""
    tp, fp, fn = (cells[name] * times for name in ("TP", "FP", "FN"))
    return {
        "accuracy": ratio(cells["right"] * times, times, unit=unit),
        "precision": ratio(tp, tp + fp, unit=unit),
        "recall": ratio(tp, tp + fn, unit=unit),
        "f1": ratio(2 * tp, 2 * tp + fp + fn, unit=unit),
        "yes_ratio": ratio(cells["yes"] * times, times),
        "unparsed_rate": ratio(cells["unread"] * times, times),
        **{name: count(cells[name] * times) for name in ("TP", "TN", "FP", "FN")},
    }


def _exact(reply: str) -> str | None:
    plain = reply.lower().strip()
    return plain if plain in ("yes", "no") else None


_STRICT = _tables("fraction", unread_is_missed=True)
_LMMS_EVAL = _tables("fraction", unread_is_missed=False, ratio_of_gold=True)
_VLMEVALKIT = _tables("percent", unread_is_missed=True)

SCORERS = by_name(
    Scorer(name="official", version="3df3ba1", read=yes_no_rule(official_pope), metrics=_STRICT),
    Scorer(name="lmms_eval", version=tools.LMMS_EVAL, read=yes_no_rule(_exact), metrics=_LMMS_EVAL),
    Scorer(
        name="vlmevalkit", version=tools.VLMEVALKIT, read=yes_no_rule(vlmevalkit_yes_no), metrics=_VLMEVALKIT
    ),
    Scorer(name="robust", version=tools.ROBUST, read=yes_no_rule(robust_yes_no), metrics=_STRICT),
)
