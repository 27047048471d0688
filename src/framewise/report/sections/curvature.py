"""Largest eigenvalues of the image loss' Hessian."""

from typing import Any

from framewise.report._run import Run
from framewise.report._section import Page, Section
from framewise.report.sections._numbers import significant

POSITION = 29


def build(page: Page) -> list[Section]:
    """One section, with one table a run."""
    return [
        Section(
            anchor="curvature",
            title="How curved the image loss is",
            template="curvature.html.jinja",
            context={"measured": [_describe(run) for run in page.of("curvature")]},
        )
    ]


def _describe(run: Run) -> dict[str, Any]:
    result = run.json("curvature.json")
    return {
        "name": run.name,
        "beta": significant(result["lower_estimate_of_beta"]),
        "num_images": result["num_images"],
        "num_parameters": result["num_parameters"],
        "lines": [_line(point) for point in result["points"]],
        "seconds": run.manifest.get("seconds"),
    }


def _line(point: dict[str, Any]) -> dict[str, Any]:
    pairs = zip(point["eigenvalues"], point["residuals"], strict=True)
    swept = zip(point["steps"], point["curvature_along_gradient"], strict=True)
    return {
        "place": point["place"],
        "loss": significant(point["loss"]),
        "eigenvalues": [(significant(value), significant(residual, 2)) for value, residual in pairs],
        "step": significant(point["step"]),
        "swept": "; ".join(f"{significant(value)} at {significant(step)}" for step, value in swept),
    }
