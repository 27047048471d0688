"""``framewise import``."""

from pathlib import Path
from typing import Annotated

import typer


def import_(
    tool: Annotated[str, typer.Argument(help="lmms-eval or vlmevalkit.")],
    path: Annotated[
        Path, typer.Argument(help="The tool's result folder, or the file in it that names the run.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    scorer: Annotated[str, typer.Option(help="Scorer of all replies; see `framewise score`.")] = "robust",
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Read another tool's results, score the replies again, and show its own numbers beside ours.

    What is written can be compared as an evaluation can.

    \b
    Example:
        framewise import lmms-eval logs/base/20261111_202127_results.json -o runs/base
        framewise import lmms-eval logs/tuned/20261112_091500_results.json -o runs/tuned
        framewise compare runs/base runs/tuned -o runs/comparison
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.evaluation import import_results, import_table

    directory = import_results(tool, path, output=output, scorer=scorer, fresh=fresh)
    Console().print(import_table(read_json(directory / "results.json")))
