"""What ``attention`` found, as a table on the screen."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from framewise.diagnostics._maps import METRICS


def attention_table(result: Mapping[str, Any]) -> Table:
    """The best head's numbers of each model, and what painting over the box does to the answer.

    Args:
        result: Contents of ``attention.json``.
    """
    head = result["best_head"]
    table = Table(
        title=f"Layer {head['layer']}, head {head['head']} (best lift before); n {head['n']} of {result['n']}"
    )
    table.add_column("Number")
    for place in range(len(result["models"])):
        table.add_column("before" if place == 0 else f"after {place}", justify="right")
    for name in METRICS:
        table.add_row(name, *(_cell(model["best_head"][name]) for model in result["per_model"]))
    for name in ("box", "elsewhere"):
        cells = (_cell(model["occlusion"][name]) for model in result["per_model"])
        table.add_row(f"loss rise, {name} painted over", *cells)
    return table


def _cell(number: Mapping[str, Any]) -> str:
    shown = f"{number['value']['value']:.3f}"
    change = number["change"]
    if change is None or change["ci95"] is None:
        return shown
    low, high = change["ci95"]
    return f"{shown} ({change['value']:+.3f}, {low:+.3f} to {high:+.3f})"
