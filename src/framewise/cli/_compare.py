"""``framewise compare``."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    before: Annotated[Path, typer.Argument(help="Run directory of the evaluation to compare with.")],
    after: Annotated[list[Path], typer.Argument(help="Run directories of the other evaluations.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Compare evaluations with the one of the model before: paired differences with 95 % intervals.

    \b
    Example:
        framewise compare runs/base runs/fixed-8 runs/hybrid -o runs/comparison
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.evaluation import compare as run_comparison
    from framewise.evaluation import comparison_table

    directory = run_comparison(before, after, output=output, fresh=fresh)
    Console().print(comparison_table(read_json(directory / "comparison.json")))
