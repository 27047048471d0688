"""Metrics as functions of weights: against slow obvious references, and recomputed in bootstrap draws."""

import numpy as np
import pytest

from framewise.evaluation import resample
from framewise.evaluation._metrics import by, count, macro, mean, ratio, total
from framewise.evaluation.scorers import Outcome
from framewise.evaluation.scorers._mmbench import mmbench_metrics
from framewise.evaluation.scorers._mme import SCORERS as MME
from framewise.evaluation.scorers._pope import SCORERS as POPE
from framewise.evaluation.scorers._video_mmmu import knowledge_gain


def test_the_kinds_of_metrics():
    values = [1, 0, 1, 1]
    assert mean(values).value() == 0.75
    assert mean(values, [0, 1, 1, 0], unit="percent").value() == 50.0
    assert ratio([1, 1, 0, 0], [1, 1, 1, 1]).value() == 0.5
    assert ratio([0, 0], [0, 0]).value() == 0.0
    assert np.isnan(mean([1, 1], [False, False]).value())
    assert count(values).value() == 3.0
    assert total([mean(values), mean(values)]).value() == 1.5
    assert macro([mean([1, 0], [1, 0]), mean([1, 0], [0, 1])]).value() == 0.5
    assert {k: m.value() for k, m in by("x", ["a", "b", "a", "a"], values).items()} == {
        "x/a": 1.0,
        "x/b": 0.0,
    }


def test_a_value_that_is_left_out_may_be_no_number():
    assert mean([1.0, np.nan], [True, False]).value() == 1.0


def repeated(rows, outcomes, clusters, counts):
    """Rows and outcomes as often as their cluster was drawn; copies get ids of their own."""
    chosen = [(row, outcome, c, time) for row, outcome, c in zip(rows, outcomes, clusters, strict=True)
              for time in range(int(counts[c]))]  # fmt: skip
    copies = [
        {**row, **{k: f"{row[k]}~{time}" for k in ("question_id",) if k in row}} for row, _, _, time in chosen
    ]
    return copies, [outcome for _, outcome, _, _ in chosen]


def mme_case(rng):
    rows, outcomes, clusters = [], [], []
    for image in range(30):
        for answer in ("Yes", "No"):
            category = "OCR" if image % 2 else "code_reasoning"
            rows.append(
                {"item_id": "x", "question_id": f"{image}.png", "category": category, "answer": answer}
            )
            outcomes.append(Outcome(rng.choice(["yes", "no"]), float(rng.integers(2))))
            clusters.append(image)
    return MME["robust"], rows, outcomes, clusters


def pope_case(rng):
    rows, outcomes, clusters = [], [], []
    for number in range(90):
        answer, read = rng.choice(["yes", "no"]), rng.choice(["yes", "no", "unknown"])
        category = ("random", "popular", "adversarial")[number % 3]
        rows.append({"item_id": "x", "category": category, "answer": str(answer)})
        outcomes.append(Outcome(str(read), float(answer == read)))
        clusters.append(number // 6)
    return POPE["lmms_eval"], rows, outcomes, clusters


@pytest.mark.parametrize("case", [mme_case, pope_case])
def test_a_draw_of_clusters_gives_what_the_drawn_rows_would_give(case):
    """The composite is computed again from scratch for every draw, and agrees."""
    rng = np.random.default_rng(0)
    scorer, rows, outcomes, clusters = case(rng)
    size = max(clusters) + 1
    draws = rng.multinomial(size, np.full(size, 1 / size), size=20).astype(float)
    found = resample(scorer.metrics(rows, outcomes), clusters, draws)
    for number, counts in enumerate(draws):
        slow = scorer.values(*repeated(rows, outcomes, clusters, counts))
        for name, value in slow.items():
            if not name.endswith(("/TP", "/FP", "/TN", "/FN")):
                assert found[name][number] == pytest.approx(value, abs=1e-12), name


def test_weights_of_items_and_counts_of_clusters_are_one_thing():
    rng = np.random.default_rng(1)
    scorer, rows, outcomes, clusters = mme_case(rng)
    counts = rng.integers(1, 4, size=30).astype(float)
    metric = scorer.metrics(rows, outcomes)["total"]
    assert resample({"t": metric}, clusters, counts[None])["t"][0] == pytest.approx(
        metric.value(counts[clusters])
    )


def test_points_of_mme_are_accuracy_and_accuracy_of_pairs():
    rows = [
        {"item_id": str(n), "question_id": f"{n // 2}.png", "category": "OCR", "answer": "Yes"}
        for n in range(4)
    ]
    outcomes = [Outcome("yes", score) for score in (1.0, 1.0, 1.0, 0.0)]
    values = MME["official"].values(rows, outcomes)
    assert values["category/OCR/score"] == values["perception"] == 75.0 + 50.0
    assert "cognition" not in values


def test_recall_of_pope_depends_on_who_counts_the_unread():
    rows = [{"item_id": str(n), "category": "random", "answer": "yes"} for n in range(4)]
    outcomes = [Outcome("yes", 1.0), Outcome("yes", 1.0), Outcome("no", 0.0), Outcome(None, 0.0)]
    assert POPE["official"].values(rows, outcomes)["recall"] == 0.5
    assert POPE["lmms_eval"].values(rows, outcomes)["recall"] == pytest.approx(2 / 3)
    assert POPE["official"].values(rows, outcomes)["yes_ratio"] == 0.5
    assert POPE["lmms_eval"].values(rows, outcomes)["yes_ratio"] == 1.0


def test_a_group_of_mmbench_is_right_if_all_its_rotations_are():
    rows = [
        {
            "item_id": "x",
            "index": index,
            "answer": "A",
            "A": "a",
            "B": "b",
            "category": "ocr",
            "L2-category": "g",
        }
        for index in (1, 1_000_001, 2, 1_000_002)
    ]
    values = {
        name: metric.value()
        for name, metric in mmbench_metrics(rows, [Outcome(x, None) for x in ("A", "A", "A", None)]).items()
    }
    assert (values["circular"], values["vanilla"], values["unparsed_rate"]) == (0.5, 1.0, 0.25)


def test_knowledge_gained_from_lectures():
    after, before = (1, 1, 0, 0), (1, 0, 0, 1)
    rows = [
        {"item_id": "x", "id": str(n), "track": t} for t in ("Adaptation", "QuestionOnly") for n in range(4)
    ]
    outcomes = [Outcome("A", float(score)) for score in (*after, *before)]
    found = {name: metric.value() for name, metric in knowledge_gain(rows, outcomes).items()}
    assert found == {"delta_knowledge": 0.0, "wrong_to_right": 50.0, "right_to_wrong": 50.0}
    assert knowledge_gain(rows[:4], outcomes[:4]) == {}
