"""``framewise compare``."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    before: Annotated[Path, typer.Argument(help="Run directory of the evaluation to compare with.")],
    after: Annotated[list[Path], typer.Argument(help="Run directories of the other evaluations.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    scorer: Annotated[
        str | None,
        typer.Option(help="Read all replies again by this scorer; as the runs were scored if left out."),
    ] = None,
    margin: Annotated[
        float, typer.Option(help='Of the test for "no harm", as a share of the scale: 0.01 is one point.')
    ] = 0.01,
    allow: Annotated[
        str, typer.Option(help="Settings that may differ, with commas between them; each is marked.")
    ] = "",
    min_coverage: Annotated[
        float, typer.Option(help="Share of the items that two runs must both have asked; the rest is marked.")
    ] = 1.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Compare evaluations with the one of the model before: what changed, how sure it is, and why.

    \b
    Example:
        framewise compare runs/base runs/fixed-8 runs/hybrid -o runs/comparison
        framewise compare runs/base runs/hybrid --scorer lmms_eval --margin 0.02 -o runs/comparison
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.evaluation import compare as run_comparison
    from framewise.evaluation import comparison_details, comparison_table

    directory = run_comparison(
        before,
        after,
        output=output,
        scorer=scorer,
        margin=margin,
        allow=[name.strip() for name in allow.split(",") if name.strip()],
        min_coverage=min_coverage,
        fresh=fresh,
    )
    comparison = read_json(directory / "comparison.json")
    console = Console()
    console.print(comparison_table(comparison))
    console.print(comparison_details(comparison))
