"""Example clips: which are shown, and what happens when their files are gone."""

import json
import shutil

import pytest

from framewise._jsonl import read_json, write_json
from framewise.report import write_report
from framewise.report._palette import Palette
from framewise.report._run import open_runs
from framewise.report.sections._allocation import Allocation
from framewise.report.sections._clip_card import build_cards, leading


@pytest.fixture(scope="module")
def allocations(example):
    runs = open_runs([path for path in example if path.parent.name == "budgets"])
    palette = Palette([], [run.name for run in runs])
    return [Allocation.read(run, palette) for run in runs]


@pytest.fixture(scope="module")
def cards(allocations):
    return build_cards(allocations)


@pytest.fixture
def lone_allocation(example, tmp_path):
    """A copy of the leading allocation, with records and media of its own that a test may delete."""
    hybrid = next(path for path in example if path.parent.name == "budgets" and path.name == "hybrid")
    shutil.copytree(hybrid, tmp_path / "hybrid")
    shutil.copytree(hybrid.parents[1] / "data", tmp_path / "data")
    manifest = read_json(tmp_path / "hybrid" / "manifest.json")
    manifest["places"]["records"] = str(tmp_path / "data" / "records.jsonl")
    write_json(tmp_path / "hybrid" / "manifest.json", manifest)
    return tmp_path


def test_the_allocation_with_probabilities_leads(allocations):
    assert leading(allocations).look.name == "hybrid"


def test_first_sample_of_each_option(cards, allocations):
    lead = leading(allocations)
    assert [card.num_frames for card in cards] == [8, 16, 32, 64]
    for card in cards:
        first = next(budget for budget in lead.budgets if budget.num_frames == card.num_frames)
        assert (card.record_id, card.media_index) == first.key


def test_every_allocation_says_what_it_gave(cards, allocations):
    for card in cards:
        assert [choice.look.name for choice in card.choices] == [a.look.name for a in allocations]
        assert [choice.num_frames for choice in card.choices][:2] == [8, 32]


def test_each_option_has_its_frames_with_rising_times(cards):
    for card in cards:
        assert not card.problem
        assert [len(strip.pictures) for strip in card.strips] == [8, 16, 32, 64]
        assert [strip.chosen for strip in card.strips].count(True) == 1
        for strip in card.strips:
            times = [time for _, time in strip.pictures]
            assert times == sorted(set(times))
            assert not strip.clamped
        assert sum(p for _, p in card.probabilities) == pytest.approx(1)


def test_options_that_a_short_clip_makes_equal_share_a_strip(lone_allocation, example):
    budgets = lone_allocation / "hybrid" / "budgets.jsonl"
    rows = [json.loads(line) for line in budgets.read_text().splitlines()]
    budgets.write_text("".join(json.dumps(row) + "\n" for row in rows if row["num_frames"] == 20))
    (run,) = open_runs([lone_allocation / "hybrid"])
    (card,) = build_cards([Allocation.read(run, Palette([], [run.name]))])
    assert [(strip.options, len(strip.pictures)) for strip in card.strips] == [
        ((8,), 8),
        ((16,), 16),
        ((20, 32, 64), 20),
    ]
    assert card.strips[-1].clamped
    assert card.strips[-1].chosen


def test_missing_media_are_said(lone_allocation, read_page):
    shutil.rmtree(lone_allocation / "data" / "media")
    page = read_page(write_report([lone_allocation / "hybrid"], output=lone_allocation / "r.html"))
    problems = [p.text for p in page.all("p", class_="problem")]
    assert len(problems) == 4
    assert all("is not under" in text and "any more" in text for text in problems)
    assert not page.all("img")
    assert "What color is the large square?" in page.text


def test_unreadable_media_are_said(lone_allocation, read_page):
    for file in (lone_allocation / "data" / "media").iterdir():
        file.write_bytes(b"gone bad")
    page = read_page(write_report([lone_allocation / "hybrid"], output=lone_allocation / "r.html"))
    assert all("cannot be shown" in p.text for p in page.all("p", class_="problem"))
    assert len(page.all("p", class_="problem")) == 4


def test_missing_records_are_said(lone_allocation, read_page):
    (lone_allocation / "data" / "records.jsonl").unlink()
    page = read_page(write_report([lone_allocation / "hybrid"], output=lone_allocation / "r.html"))
    assert all("records cannot be read any more" in p.text for p in page.all("p", class_="problem"))
    assert [h.text for h in page.all("h3") if h.parent.tag == "article"] == [
        "clip-01",
        "clip-00",
        "clip-20",
        "clip-15",
    ]


def test_records_that_left_are_said(lone_allocation, read_page):
    records = lone_allocation / "data" / "records.jsonl"
    records.write_text(
        "".join(line for line in records.read_text().splitlines(keepends=True) if '"clip-00"' not in line)
    )
    page = read_page(write_report([lone_allocation / "hybrid"], output=lone_allocation / "r.html"))
    (problem,) = page.all("p", class_="problem")
    assert "the record is not in" in problem.text
