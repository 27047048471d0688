"""Training runs: what was trained on, and how the loss fell for each budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from framewise._jsonl import Row
from framewise.report._figure import Figure
from framewise.report._palette import Look
from framewise.report._run import Run
from framewise.report._section import Page, Section
from framewise.report.sections._loss_figure import draw_losses, group_name, largest_loss

POSITION = 30


@dataclass(frozen=True)
class _Training:
    look: Look
    card: dict[str, Any]
    losses: Sequence[tuple[str, float, int | None]]
    """Group of samples, mean loss and number of videos; None: not counted, as for images and text."""
    figure: Figure | None


def build(page: Page) -> list[Section]:
    """One section, with one figure a run."""
    runs = page.of("train")
    logs = [run.rows("log.jsonl") for run in runs]
    top = 1.05 * max(map(largest_loss, logs))
    trainings = [
        _read(run, log, page.palette[run.name], f"loss-{number}", top)
        for number, (run, log) in enumerate(zip(runs, logs, strict=True), start=1)
    ]
    return [
        Section(
            anchor="training", title="Training", template="train.html.jinja", context={"trainings": trainings}
        )
    ]


def _read(run: Run, log: Sequence[Row], look: Look, anchor: str, top: float) -> _Training:
    card = run.json("model/run_card.json")
    sizes: dict[str, int] = card["budgets_histogram"]
    return _Training(
        look=look,
        card=card,
        losses=[
            (group_name(group), loss, sizes.get(group)) for group, loss in card["loss_by_budget"].items()
        ],
        figure=draw_losses(log, look, anchor=anchor, top=top),
    )
