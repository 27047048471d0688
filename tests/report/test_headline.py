"""Sentences that are computed from intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framewise.report.sections._comparison import Arm, Change
from framewise.report.sections._headline import headline


def change(delta, low, high, n=100):
    ci95 = None if low is None else (low, high)
    return Change(score=0.5 + (delta or 0), before=0.5, delta=delta, ci95=ci95, n=n, num_clusters=n // 2)


def arm(name, image):
    return Arm(
        name=name,
        image=image,
        video=None,
        subtasks={},
        mean_frames=None,
        visual_tokens=None,
        train_seconds=None,
    )


NO_DIFFERENCE = "no difference can be told apart from noise"
BASE = arm("base", change(None, None, None))
LOST = arm("lost", change(-0.031, -0.05, -0.012))
GAINED = arm("gained", change(0.02, 0.001, 0.039))
NOISE = arm("noise", change(-0.01, -0.03, 0.01))
FEW = arm("few", change(-0.2, None, None))


@pytest.mark.parametrize(
    ("arms", "summary"),
    [
        ([LOST], "The arm lost image skill."),
        ([LOST, LOST], "Both arms lost image skill."),
        ([LOST, LOST, LOST], "All 3 arms lost image skill."),
        ([LOST, GAINED, NOISE], "1 of 3 arms lost image skill and 1 of 3 arms gained image skill."),
        ([NOISE, FEW], "No difference in image skill to base can be told apart from noise."),
        ([FEW], "There are too few independent items to judge image skill."),
    ],
)
def test_summaries(arms, summary):
    assert headline([BASE, *arms], "image").summary == summary


def test_details_come_with_interval_and_n():
    said = headline([BASE, NOISE, LOST, GAINED, FEW], "image")
    lines = [" ".join(f"{name} {rest}".split()) for name, rest in said.details]
    assert lines == [
        "few differs by −20.0 points, with too few independent items for an interval",
        "lost lost 3.1 points (95 % interval 1.2 to 5.0)",
        "gained gained 2.0 points (95 % interval 0.1 to 3.9)",
        f"noise differs by −1.0 points (95 % interval −3.0 to +1.0): {NO_DIFFERENCE}",
    ]
    assert " ".join(said.items.split()) == "n = 100 items about 50 images"


def test_different_n_are_a_range():
    arms = [BASE, arm("a", change(-0.1, -0.2, -0.05, n=90)), arm("b", change(-0.1, -0.2, -0.05, n=1200))]
    assert " ".join(headline(arms, "image").items.split()) == "n = 90 to 1,200 items about 45 to 600 images"


def test_a_skill_that_was_not_measured_says_nothing():
    assert headline([BASE, LOST], "video") is None


@given(low=st.floats(-1, 1), width=st.floats(0, 1))
def test_a_verdict_is_given_only_where_the_interval_leaves_out_zero(low, width):
    high = low + width
    verdict = change((low + high) / 2, low, high).verdict
    assert (verdict == "unclear") == (low <= 0 <= high)
    assert (verdict == "gained") == (low > 0)
    assert (verdict == "lost") == (high < 0)


@given(low=st.floats(-0.5, 0), high=st.floats(0, 0.5), delta=st.floats(-0.5, 0.5))
def test_bounds_reach_the_ends_of_the_interval(low, high, delta):
    value = change(delta, delta + low, delta + high)
    down, up = value.bounds
    assert value.score - down == pytest.approx(0.5 + delta + low)
    assert value.score + up == pytest.approx(0.5 + delta + high)
