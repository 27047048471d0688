"""``framewise lab``."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The synthetic world with known answers, and its tiny checkpoint.", no_args_is_help=True
)


@app.command()
def write(
    output: Annotated[Path, typer.Option("-o", "--output", help="The data root to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Write the lab's clips, pictures, records, benchmarks and true minimal budgets.

    \b
    Example:
        framewise lab write -o data/lab
    """  # noqa: D301 (\b is what click reads)
    from framewise.lab import LabConfig, write_lab

    typer.echo(f"data root: {write_lab(LabConfig(seed=seed), output=output, fresh=fresh)}")


@app.command()
def pretrain(
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and lessons.")] = 0,
    sight_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of the vision tower alone.", show_default="the recipe's")
    ] = None,
    lesson_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of the whole model.", show_default="the recipe's")
    ] = None,
    review_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of the closing review.", show_default="the recipe's")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Pre-train the lab's checkpoint on image skills and frame budgets, from nothing; half an hour on a core.

    \b
    Example:
        framewise lab pretrain -o runs/pretrain
    """  # noqa: D301 (\b is what click reads)
    from framewise.lab._pretrain import PretrainConfig, pretrain

    given = {"sight_steps": sight_steps, "lesson_steps": lesson_steps, "review_steps": review_steps}
    sizes = {name: steps for name, steps in given.items() if steps is not None}
    directory = pretrain(PretrainConfig(seed=seed, **sizes), output=output, fresh=fresh)
    typer.echo(f"model: {directory / 'model'}")
