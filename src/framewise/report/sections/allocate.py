"""Frame budgets: how many frames each sample was given, and what that looks like on a few clips."""

from collections.abc import Sequence
from dataclasses import dataclass

from framewise._jsonl import Row
from framewise.report._section import Page, Section
from framewise.report.sections._allocation import Allocation
from framewise.report.sections._budget_figure import draw_budgets
from framewise.report.sections._clip_card import build_cards, leading

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


def _clips(allocations: Sequence[Allocation]) -> Section:
    return Section(
        anchor="clips",
        title="A few clips",
        template="clips.html.jinja",
        context={"lead": leading(allocations).look, "cards": build_cards(allocations)},
    )
