"""Losses along a real update: Proposition 1 checked."""

from collections.abc import Mapping
from typing import Any

from framewise.report._run import Run
from framewise.report._section import Page, Section
from framewise.report.sections._numbers import significant
from framewise.report.sections._step_figure import draw_step

POSITION = 27
_NUMBERS = (
    "slope",
    "predicted_slope",
    "curvature",
    "predicted_curvature",
    "crossing",
    "predicted_crossing",
    "bound",
    "tightness",
)


def build(page: Page) -> list[Section]:
    """One section, with one figure a checkpoint and one table a run."""
    runs = [_describe(run, f"step-{number}") for number, run in enumerate(page.of("step"), start=1)]
    return [
        Section(
            anchor="step",
            title="What one update does to both losses",
            template="step.html.jinja",
            context={"measured": runs},
        )
    ]


def _describe(run: Run, anchor: str) -> dict[str, Any]:
    result = run.json("step.json")
    steps = result["steps"]
    return {
        "name": run.name,
        "optimizer": result["optimizer"],
        "several": len(steps) > 1,
        "figures": [
            draw_step(step, anchor=f"{anchor}-{place}", name=f"{run.name}, checkpoint {place}")
            for place, step in enumerate(steps, start=1)
        ],
        "lines": [
            (place, kind, [_cell(step[kind], name) for name in _NUMBERS])
            for place, step in enumerate(steps, start=1)
            for kind in ("image", "video")
        ],
        "seconds": run.manifest.get("seconds"),
    }


def _cell(line: Mapping[str, Any], name: str) -> tuple[str, str]:
    """A number, and how far rounding may have put it."""
    rounding = f"± {significant(line['curvature_rounding'], 1)}" if name == "curvature" else ""
    return significant(line[name]), rounding
