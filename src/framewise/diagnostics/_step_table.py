"""What ``step`` found, as a table on the screen."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def step_table(result: Mapping[str, Any]) -> Table:
    """Predicted and measured numbers of each checkpoint, one line a loss.

    Args:
        result: Contents of ``step.json``.
    """
    table = Table(
        title=f"Losses along the update of {result['optimizer']}: measured, and said by two derivatives"
    )
    table.add_column("Loss")
    for name in ("Slope", "said", "Curvature", "said", "Crosses", "said", "Eq. 11"):
        table.add_column(name, justify="right")
    for number, step in enumerate(result["steps"], start=1):
        for kind in ("image", "video"):
            line = step[kind]
            names = ("slope", "predicted_slope", "curvature", "predicted_curvature")
            ends = ("crossing", "predicted_crossing", "bound")
            label = kind if len(result["steps"]) == 1 else f"{number} {kind}"
            table.add_row(label, *(_number(line[name]) for name in (*names, *ends)))
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
