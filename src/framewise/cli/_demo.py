"""``framewise demo``."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of everything that is left.")] = Path(
        "runs/demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the data and of the training order.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Run the whole story on the lab's synthetic world, in minutes and without a GPU.

    Finished stages are reused; killed at any moment and run again, it goes on.

    \b
    Example:
        framewise demo
        framewise demo --seed 1 -o runs/demo-1
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.evaluation import comparison_table
    from framewise.lab import demo as run_demo

    console = Console()
    report = run_demo(
        output=output, seed=seed, fresh=fresh, announce=lambda text: console.print(f"[bold]· {text}")
    )
    console.print(comparison_table(read_json(output / "comparison.json")))
    console.print(f"report: {report}", soft_wrap=True)
