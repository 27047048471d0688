"""Frame budgets: how many frames each sample was given, and what that looks like on a few clips."""

from collections.abc import Sequence
from dataclasses import dataclass

from framewise._jsonl import Row
from framewise.report._section import Page, Section
from framewise.report.sections._allocation import Allocation
from framewise.report.sections._budget_figure import draw_budgets
from framewise.report.sections._clip_card import Card, build_cards, leading

POSITION = 20


@dataclass(frozen=True)
class _Row:
    allocation: Allocation
    summary: Row


def build(page: Page) -> list[Section]:
    """One section of budgets for all allocations together, and one of example clips."""
    runs = page.of("allocate")
    allocations = [Allocation.read(run, page.palette) for run in runs]
    rows = [_Row(a, run.json("summary.json")) for a, run in zip(allocations, runs, strict=True)]
    paper = rows[0].summary["paper"]
    sizes = sorted({size for allocation in allocations for size in allocation.histogram} | {8, 16, 32, 64})
    budgets = Section(
        anchor="budgets",
        title="Frame budgets",
        template="allocate.html.jinja",
        context={
            "rows": rows,
            "paper": paper,
            "figure": draw_budgets(allocations, paper),
            "sizes": sizes if len(sizes) <= 8 else [],
            "skipped": [
                (row.allocation.look, *fault) for row in rows for fault in row.summary["skipped"].items()
            ],
        },
    )
    return [budgets, _clips(allocations)]


def browse(page: Page, most: int) -> list[Section]:
    """The budgets of one allocation, with many samples in turn of each number of frames."""
    (run,) = page.of("allocate")
    allocation = Allocation.read(run, page.palette)
    budgets, _ = build(page)
    note = (
        f"At most {most} samples, in turn of each number of frames, in the order of the file: not picked by hand. "
        "Open are the budget and all smaller options. Under each frame stands its time in seconds."
    )
    cards = build_cards([allocation], most, one_a_size=False)
    return [budgets, _section("Samples", note, cards)]


def _clips(allocations: Sequence[Allocation]) -> Section:
    note = (
        f"The first sample of each budget that {leading(allocations).look.name} gave, in the order of its file: not "
        "picked by hand. Open are the budget and all smaller options: what fewer frames would have shown. Under "
        "each frame stands its time in seconds."
    )
    return _section("A few clips", note, build_cards(allocations))


def _section(title: str, note: str, cards: Sequence[Card]) -> Section:
    return Section(
        anchor="clips", title=title, template="clips.html.jinja", context={"note": note, "cards": cards}
    )
