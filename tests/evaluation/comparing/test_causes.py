"""Format, skill and position kept apart, on runs where each alone was made to change."""

import json
from itertools import chain

import numpy as np
import pytest
from written_runs import COLOURS, lab_row, mmbench_rows, mme_row, pope_row, write_run

from framewise._jsonl import read_json, read_rows
from framewise.evaluation import compare
from framewise.evaluation._causes import cause_of, shapley_parts, subsets
from framewise.evaluation.scorers import Outcome


def arm_of(tmp_path, before, after, modality, **settings):
    base = write_run(tmp_path / "base", before, modality)
    tuned = write_run(tmp_path / "tuned", after, modality)
    directory = compare(base, [tuned], output=tmp_path / "out", **settings)
    return read_json(directory / "comparison.json")["arms"][1], directory


def parts_of(entry):
    return {cause: round(part["delta"], 9) for cause, part in entry["parts"].items()}


def test_a_change_of_wording_alone_is_format(tmp_path):
    """The official rule of MMBench's peer reads a bare letter; the lab's own rule reads the choice's words."""
    before = [lab_row(n, "red", parsed="red", score=1.0) for n in range(40)]
    after = [
        lab_row(n, "red" if n >= 10 else "...", parsed="red" if n >= 10 else None, score=float(n >= 10))
        for n in range(40)
    ]
    arm, _ = arm_of(tmp_path, before, after, {"lab_image": "image"})
    assert parts_of(arm["image"]) == {"format": -0.25, "skill": 0.0}
    part = arm["benchmarks"]["lab_image"]
    assert part["outcomes"]["after"]["unparsed"] == 10
    assert part["both_parsed"] == {"n": 30, "before": 1.0, "after": 1.0, "delta": 0.0}


def test_a_reading_that_only_the_scorer_misses_is_format(tmp_path):
    before = [mme_row(n, ("Yes", "No")[n % 2]) for n in range(40)]
    wordy = "It is hard to tell at first glance, but the answer is {}."
    after = [
        mme_row(n, wordy.format(("yes", "no")[n % 2]) if n < 20 else ("Yes", "No")[n % 2]) for n in range(40)
    ]
    arm, _ = arm_of(tmp_path, before, after, {"mme": "image"}, scorer="lmms_eval")
    entry = arm["benchmarks"]["mme"]["metrics"]["total"]
    assert arm["benchmarks"]["mme"]["scorer"] == "lmms_eval@0.7.3"
    assert entry["delta"] < 0
    assert parts_of(entry) == {"format": round(entry["delta"], 9), "skill": 0.0}


def test_wrong_answers_alone_are_skill_and_the_flips_say_so(tmp_path):
    before = [lab_row(n, "red", parsed="red", score=1.0) for n in range(40)]
    after = [
        lab_row(n, c, parsed=c, score=float(c == "red")) for n in range(40) for c in [COLOURS[n % 10 == 3]]
    ]
    arm, directory = arm_of(tmp_path, before, after, {"lab_image": "image"})
    assert parts_of(arm["image"]) == {"format": 0.0, "skill": -0.1}
    flips = list(read_rows(directory / "flips.jsonl"))
    assert [(f["turned"], f["cause"], f["before"], f["after"]) for f in flips] == [
        ("lost", "skill", "red", "green")
    ] * 4


def test_one_rotation_that_turns_is_position_and_most_of_them_are_skill(tmp_path):
    right = [mmbench_rows(q, "red", ["red"] * 4) for q in range(12)]
    one_wrong = [
        mmbench_rows(q, "red", ["red", "red", "red", "blue"] if q < 3 else ["red"] * 4) for q in range(12)
    ]
    arm, _ = arm_of(tmp_path / "a", [*chain(*right)], [*chain(*one_wrong)], {"mmbench": "image"})
    entry = arm["benchmarks"]["mmbench"]["metrics"]["circular"]
    assert (entry["before"], entry["after"], entry["num_lost"], entry["n"]) == (1.0, 0.75, 3, 12)
    assert parts_of(entry) == {"format": 0.0, "position": -0.25, "skill": 0.0}
    all_wrong = [mmbench_rows(q, "red", ["blue"] * 4 if q < 3 else ["red"] * 4) for q in range(12)]
    arm, _ = arm_of(tmp_path / "b", [*chain(*right)], [*chain(*all_wrong)], {"mmbench": "image"})
    assert parts_of(arm["benchmarks"]["mmbench"]["metrics"]["circular"]) == {
        "format": 0.0, "position": 0.0, "skill": -0.25
    }  # fmt: skip


def test_a_drift_to_yes_is_position_and_balanced_turns_are_skill(tmp_path):
    golds = ["yes", "no"] * 30
    drift = ["yes" if n < 20 else gold for n, gold in enumerate(golds)]
    before = [pope_row(n, gold, gold) for n, gold in enumerate(golds)]
    arm, _ = arm_of(
        tmp_path / "a",
        before,
        [pope_row(n, g, r) for n, (g, r) in enumerate(zip(golds, drift, strict=True))],
        {"pope": "image"},
    )
    entry = arm["benchmarks"]["pope"]["metrics"]["accuracy"]
    assert parts_of(entry) == {"format": 0.0, "position": round(entry["delta"], 9), "skill": 0.0}
    turned = [{"yes": "no", "no": "yes"}[gold] if n < 20 else gold for n, gold in enumerate(golds)]
    arm, _ = arm_of(
        tmp_path / "b",
        before,
        [pope_row(n, g, r) for n, (g, r) in enumerate(zip(golds, turned, strict=True))],
        {"pope": "image"},
    )
    entry = arm["benchmarks"]["pope"]["metrics"]["accuracy"]
    assert parts_of(entry) == {"format": 0.0, "position": 0.0, "skill": round(entry["delta"], 9)}
    assert entry["delta"] == pytest.approx(-1 / 3)


def test_parts_add_up_everywhere(tmp_path):
    rng = np.random.default_rng(0)
    replies = ["red", "blue", "...", "I think it is red", "not red but blue"]

    def rows():
        found = [mme_row(n, str(rng.choice(["Yes", "No", "maybe", "The answer is yes"]))) for n in range(30)]
        found += [pope_row(n, ("yes", "no")[n % 2], str(rng.choice(["yes", "no", "?"]))) for n in range(30)]
        groups = (mmbench_rows(q, "red", rng.choice(replies, 4).tolist()) for q in range(10))
        return [*found, *chain(*groups)]

    modality = {"mme": "image", "pope": "image", "mmbench": "image"}
    arm, _ = arm_of(tmp_path, rows(), rows(), modality, scorer="vlmevalkit")
    entries = [arm["image"], *arm["subtasks"].values()]
    entries += [row for part in arm["benchmarks"].values() for row in part["metrics"].values()]
    whole = [row for row in entries if row["delta"] is not None]
    assert len(whole) > 30
    for row in whole:
        assert sum(part["delta"] for part in row["parts"].values()) == pytest.approx(row["delta"], abs=1e-9)


def test_an_item_without_a_reading_on_one_side_is_a_matter_of_format():
    right, wrong, none = Outcome("a", 1.0), Outcome("b", 0.0), Outcome(None, 0.0)
    found = [
        cause_of(*pair)
        for pair in ((right, wrong), (wrong, right), (right, none), (none, right), (right, right))
    ]
    assert found == ["skill", "skill", "format", "format", "format"]


def test_parts_do_not_depend_on_an_order():
    """A composite: 1 only if both causes happened; each gets half."""
    values = {state: np.array([float(len(state) == 2)]) for state in subsets(["format", "skill"])}
    assert {cause: float(part[0]) for cause, part in shapley_parts(values).items()} == {
        "format": 0.5,
        "skill": 0.5,
    }


def test_runs_without_texts_are_not_explained(tmp_path):
    keys = ("prediction", "choices")
    before, after = (
        [{k: v for k, v in lab_row(n, "", parsed=None, score=s).items() if k not in keys} for n in range(8)]
        for s in (1.0, 0.0)
    )
    arm, directory = arm_of(tmp_path, before, after, {"lab_image": "image"})
    assert arm["image"]["parts"] is None
    assert {row["cause"] for row in read_rows(directory / "flips.jsonl")} == {"unexplained"}
    assert json.loads((directory / "comparison.json").read_text())["marks"] == []
