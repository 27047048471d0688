"""``framewise report``."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    directories: Annotated[list[Path], typer.Argument(help="Finished run directories, of any stages.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The page.")] = Path("report.html"),
) -> None:
    """Write one self-contained HTML page about finished runs. It needs no network to be read.

    \b
    Example:
        framewise report runs/demo/comparison runs/demo/budgets/hybrid -o report.html
    """  # noqa: D301 (\b is what click reads)
    from framewise.report import write_report

    typer.echo(write_report(directories, output=output))
