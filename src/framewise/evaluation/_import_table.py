"""An import as a table for the terminal: the tool's own numbers beside ours."""

from typing import Any

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text


def import_table(results: dict[str, Any]) -> Group:
    """Every benchmark's own numbers, then the headline metrics by the tool's rules and by the chosen scorer.

    Args:
        results: What the ``results.json`` of an import holds.
    """
    table = Table(title=f"{escape(results['model'])}, imported", box=box.SIMPLE_HEAD)
    for header in ("benchmark", "the tool's own", "by its rules here", "by the chosen scorer"):
        table.add_column(header, overflow="fold")
    for name, part in results["benchmarks"].items():
        ours = f"{part['scorer']}, {part['n']} items, {part['num_unparsed']} unparsed"
        table.add_row(
            Text(name),
            Text(_lines(part["own"], "no summary beside the replies")),
            Text(f"{part['as_tool']['scorer']}\n{_lines(part['as_tool']['metrics'], '')}"),
            Text(f"{ours}\n{_lines(part['metrics'], '')}"),
        )
    return Group(table, *(Text(f"Note: {note}.") for note in results["notes"]))


def _lines(metrics: dict[str, Any], absent: str) -> str:
    shown = [
        f"{name} {value:.4f}" for name, value in metrics.items() if "/" not in name and value is not None
    ]
    return "\n".join(shown) or absent
