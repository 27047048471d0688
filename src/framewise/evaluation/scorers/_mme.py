"""MME: yes/no questions, two about each image; points of accuracy and of images with both right."""

from collections.abc import Sequence

import numpy as np

from framewise.evaluation._metrics import Metric, mean, ratio, total
from framewise.evaluation.scorers import _scorer as tools
from framewise.evaluation.scorers._outcome import Outcome, Row, text
from framewise.evaluation.scorers._robust_yes_no import robust_yes_no
from framewise.evaluation.scorers._scorer import Scorer, by_name, scores
from framewise.evaluation.scorers._yes_no import lmms_eval_mme, official_mme, vlmevalkit_yes_no, yes_no_rule

PERCEPTION = (
    "existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork", "OCR",
)  # fmt: skip
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")


def mme_metrics(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Metric]:
    """``perception`` (10 categories), ``cognition`` (4), ``total``, and each category's points and parts.

    The points of a category are 100 times its accuracy and 100 times its share of images with both questions
    right, 0 to 200. An image of which only one question is there counts for the accuracy alone.
    """
    right = scores(outcomes)
    pairs, both = _pairs(rows, right)
    said_yes = [str(outcome.parsed).lower() == "yes" for outcome in outcomes]
    categories = [text(row, "category") for row in rows]
    found: dict[str, Metric] = {}
    points: dict[str, Metric] = {}
    for category in dict.fromkeys(categories):
        here = np.array([other == category for other in categories])
        accuracy = mean(right, here, unit="points")
        plus = ratio(both * here, pairs * here).scaled(100.0, "points")
        points[category] = total([accuracy, plus])
        found[f"category/{category}/score"] = points[category]
        found[f"category/{category}/acc"] = mean(right, here, unit="percent")
        found[f"category/{category}/acc_plus"] = ratio(both * here, pairs * here, unit="percent")
        found[f"category/{category}/yes_ratio"] = mean(said_yes, here)
    parts = {"perception": PERCEPTION, "cognition": COGNITION, "total": (*PERCEPTION, *COGNITION)}
    sums = {
        name: total([points[category] for category in points if category in part])
        for name, part in parts.items()
        if any(category in part for category in points)
    }
    unparsed = mean([outcome.parsed is None for outcome in outcomes])
    return {**sums, "yes_ratio": mean(said_yes), "unparsed_rate": unparsed, **found}


def _pairs(rows: Sequence[Row], right: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """On the first row of each whole pair: that it is one, and whether both are right; elsewhere 0."""
    images: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows):
        images.setdefault((text(row, "category"), text(row, "question_id", "image_path")), []).append(place)
    pairs, both = np.zeros(len(rows)), np.zeros(len(rows))
    for places in images.values():
        if len(places) == 2:
            pairs[places[0]] = 1.0
            both[places[0]] = float(all(right[place] == 1.0 for place in places))
    return pairs, both


SCORERS = by_name(
    Scorer(name="official", version="fee8d757", read=yes_no_rule(official_mme), metrics=mme_metrics),
    Scorer(name="lmms_eval", version=tools.LMMS_EVAL, read=yes_no_rule(lmms_eval_mme), metrics=mme_metrics),
    Scorer(
        name="vlmevalkit", version=tools.VLMEVALKIT, read=yes_no_rule(vlmevalkit_yes_no), metrics=mme_metrics
    ),
    Scorer(name="robust", version=tools.ROBUST, read=yes_no_rule(robust_yes_no), metrics=mme_metrics),
)
