"""What the figures draw."""

import json
from itertools import pairwise

import pytest

from framewise._jsonl import read_json
from framewise.report._figure import plain
from framewise.report._palette import Look
from framewise.report.sections._budget_figure import _bins
from framewise.report.sections._loss_figure import draw_losses, largest_loss


def spec(page, anchor):
    (found,) = page.all("script", id=f"{anchor}-data")
    return json.loads(found.raw)


def test_trade_off_has_every_arm_with_both_intervals(page, example):
    arms = read_json(example[0] / "comparison.json")["arms"]
    traces = spec(page, "comparison-1-trade-off")["data"]
    assert len(traces) == len(arms)
    for arm, trace in zip(arms[1:], traces[1:], strict=True):
        for axis, skill in (("x", "image"), ("y", "video")):
            change, bars = arm[skill], trace[f"error_{axis}"]
            assert trace[axis] == [pytest.approx(change["score"] * 100)]
            low, high = change["ci95"]
            assert bars["arrayminus"] == [pytest.approx((change["delta"] - low) * 100)]
            assert bars["array"] == [pytest.approx((high - change["delta"]) * 100)]


def test_dumbbells_join_before_and_after_with_chance(page, example):
    arms = read_json(example[0] / "comparison.json")["arms"]
    chance, *traces = spec(page, "comparison-1-subtasks-1")["data"]
    assert {x for x in chance["x"] if x is not None} == {25.0}
    for arm, (path, before, after) in zip(arms[1:], zip(*[iter(traces)] * 3, strict=True), strict=True):
        changes = [c for name, c in arm["subtasks"].items() if name.startswith("lab_image/")]
        assert before["x"] == pytest.approx([c["before"] * 100 for c in changes])
        assert after["x"] == pytest.approx([c["after"] * 100 for c in changes])
        assert path["x"][:2] == [before["x"][0], after["x"][0]]
        assert before["y"] == after["y"]
    labels = spec(page, "comparison-1-subtasks-1")["layout"]["yaxis"]["ticktext"]
    assert labels[0] == "attribute<br>n 40"


def test_shares_of_a_histogram_sum_to_a_hundred(page):
    traces = spec(page, "budgets-histogram")["data"]
    bars = [trace for trace in traces if trace["type"] == "bar"]
    assert len(bars) == 4
    for trace in bars:
        assert sum(trace["y"]) == pytest.approx(100)
    paper = [y for y in traces[-1]["y"] if y is not None]
    assert sum(paper) / 2 == pytest.approx(100)


def test_bars_of_a_group_do_not_overlap(page):
    bars = [trace for trace in spec(page, "budgets-histogram")["data"] if trace["type"] == "bar"]
    edges = sorted((x - b["width"] / 2, x + b["width"] / 2) for b in bars for x in b["x"])
    assert all(end <= start for (_, end), (start, _) in pairwise(edges))


@pytest.mark.parametrize(
    "sizes", [{8}, {8, 16, 32, 64}, {2, 4, 6, 8, 10, 12, 14, 16, 64, 200}, set(range(1, 65))]
)
def test_bins_hold_every_size_once(sizes):
    bins = _bins(sizes)
    assert all(sum(size in bin_ for bin_ in bins) == 1 for size in sizes)
    assert len(bins) <= 8


def test_losses_are_drawn_as_logged():
    log = [
        {"step": s, "loss": 1.0, "loss_by_budget": {"16": 3.0 - s, "8": 2.0, "image": 1.0}} for s in (1, 2)
    ]
    figure = draw_losses(log, Look("a", 1, "circle"), anchor="a", top=largest_loss(log))
    assert [mark.label for mark in figure.legend] == ["8 frames", "16 frames", "image"]
    assert figure.spec["data"][1]["x"] == [1, 2]
    assert figure.spec["data"][1]["y"] == [2.0, 1.0]
    assert figure.spec["layout"]["yaxis"]["range"] == [0, 2.0]
    assert "16 frames from 2.00 to 1.00" in figure.alt


def test_nothing_logged_draws_nothing():
    assert draw_losses([], Look("a", 1, "circle"), anchor="a", top=0.0) is None


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("a & b", "a &amp; b"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("x" * 40, "x" * 27 + "…"),
        (" a\nb ", "a b"),
    ],
)
def test_labels_are_plain(text, label):
    assert plain(text) == label
