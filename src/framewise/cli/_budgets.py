"""``framewise budgets``."""

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Look at budgets, and hold them against the truth.", no_args_is_help=True)


@app.command()
def describe(
    directory: Annotated[Path, typer.Argument(help="A finished run of `framewise allocate`.")],
    model: Annotated[
        str | None, typer.Option(help="Count visual tokens under this model.", show_default="the run's")
    ] = None,
    pixels_per_frame: Annotated[
        int | None, typer.Option(min=1, help="Most pixels of a frame in that count.", show_default=False)
    ] = None,
) -> None:
    """Show the histogram of a run, by task and source, next to fixed budgets and to the paper's table.

    \b
    Example:
        framewise budgets describe runs/hybrid
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._errors import UsageError
    from framewise.budgets import TokenCount, describe_budgets

    if model is None and pixels_per_frame is not None:
        raise UsageError("--pixels-per-frame is for counting visual tokens: add --model")
    tokens = TokenCount(model=model, pixels_per_frame=pixels_per_frame) if model else None
    found = describe_budgets(directory, tokens=tokens)
    console = Console()
    console.print(_histograms(found.summary))
    console.print(_costs(directory.name, found))


@app.command()
def score(
    directories: Annotated[list[Path], typer.Argument(help="Finished runs of `framewise allocate`.")],
    truth: Annotated[
        Path, typer.Option(help="A lab's data root or truth.jsonl, or a run of the allocator oracle.")
    ],
    seed: Annotated[int, typer.Option(help="Seed of the intervals.")] = 0,
) -> None:
    """Hold budgets against known needs: starved, wasted, error; each run less the first, with intervals.

    \b
    Example:
        framewise budgets score runs/hybrid runs/shuffled --truth data/lab
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise.budgets import score_budgets

    found = score_budgets(directories, truth, seed=seed)
    console = Console()
    console.print(_scores(found))
    if found.differences:
        console.print(_differences(found))
    console.print(
        f"{found.scores[0].n} samples of {found.num_clusters} videos, {found.num_left_out} left out; "
        "intervals of 95 %, drawn over videos"
    )


@app.command()
def show(
    directory: Annotated[Path, typer.Argument(help="A finished run of `framewise allocate`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The page.")] = Path("budgets.html"),
    limit: Annotated[int, typer.Option(min=1, help="Most samples on the page.")] = 24,
) -> None:
    """Write a page of samples: the question, the distribution, the frames of each option, and why.

    \b
    Example:
        framewise budgets show runs/hybrid -o page.html
    """  # noqa: D301 (\b is what click reads)
    from framewise.report import write_budgets_page

    typer.echo(write_budgets_page(directory, output=output, limit=limit))


def _histograms(summary: Any) -> Any:
    from rich.table import Table

    paper = summary["paper"]
    sizes = sorted({*summary["histogram"], *paper["histogram"]}, key=int)
    table = Table("", "n", "mean", *sizes)
    groups = {"all": summary, **summary["by_task"], **summary["by_source"], "the paper": paper}
    for name, group in groups.items():
        counts = [f"{group['histogram'].get(size, 0):,}" for size in sizes]
        table.add_row(name, f"{group['n']:,}", f"{group['mean_frames']:.2f}", *counts)
    table.caption = f"total variation distance to the paper's shares: {paper['distance']:.3f}"
    return table


def _costs(name: str, found: Any) -> Any:
    from rich.table import Table

    table = Table("", "mean frames", "visual tokens")
    arms = [(name, found.summary["mean_frames"], found.visual_tokens)]
    arms += [(f"fixed-{arm.num_frames}", arm.mean_frames, arm.visual_tokens) for arm in found.fixed]
    for arm, mean, tokens in arms:
        table.add_row(arm, f"{mean:.2f}", "name a --model" if tokens is None else f"{tokens:,}")
    return table


def _scores(found: Any) -> Any:
    from rich.table import Table

    table = Table("", "frames", "starved %", "wasted", "log2 error", "kappa", "calibration")
    for row in found.scores:
        table.add_row(
            row.name,
            _interval(row.mean_frames),
            _interval(row.starved, 100),
            _interval(row.wasted),
            _interval(row.log2_error),
            f"{row.kappa:.2f}",
            "–" if row.calibration is None else f"{row.calibration:.3f}",
        )
    return table


def _differences(found: Any) -> Any:
    from rich.table import Table

    table = Table("less the first", "starved, points", "wasted", "log2 error")
    for row in found.differences:
        table.add_row(
            f"{row.name} − {row.other}",
            _interval(row.starved, 100),
            _interval(row.wasted),
            _interval(row.log2_error),
        )
    return table


def _interval(value: Any, factor: float = 1) -> str:
    return f"{value.mean * factor:.2f} [{value.low * factor:.2f}, {value.high * factor:.2f}]"
