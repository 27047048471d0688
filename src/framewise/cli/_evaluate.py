"""``framewise evaluate``."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def evaluate(
    model: Annotated[
        Path, typer.Argument(help="Folder of a model in the official format, or a training's directory.")
    ],
    benchmark: Annotated[str, typer.Option(help="Names, with commas between them; see `framewise plugins`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    frames: Annotated[int, typer.Option(min=1, help="Frames of each video.")] = 8,
    data_root: Annotated[Path, typer.Option(help="Folder that the benchmarks' files are in.")] = Path("data"),
    pixels_per_frame: Annotated[
        int | None,
        typer.Option(min=1, help="Most pixels of a video frame; the checkpoint's own if left out."),
    ] = None,
    text_position: Annotated[
        Literal["after_max", "after_extent"], typer.Option(help="Where text goes on after a medium.")
    ] = "after_max",
    batch_size: Annotated[int, typer.Option(min=1, help="Items asked at once.")] = 8,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")] = 64,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items of each benchmark, rounded up to whole videos or images.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw that --limit makes.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Ask a model the items of benchmarks and score its answers. Run it again and it goes on.

    \b
    Example:
        framewise evaluate runs/demo/training/hybrid --benchmark lab_image,lab_video \\
            --data-root runs/demo/lab --frames 8 -o runs/hybrid
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.evaluation import evaluate as run_evaluation
    from framewise.evaluation import results_table

    directory = run_evaluation(
        model,
        benchmarks=[name.strip() for name in benchmark.split(",") if name.strip()],
        data_root=data_root,
        frames=frames,
        output=output,
        pixels_per_frame=pixels_per_frame,
        batch_size=batch_size,
        max_new_tokens=max_new_tokens,
        limit=limit,
        seed=seed,
        text_position=text_position,
        fresh=fresh,
    )
    Console().print(results_table(read_json(directory / "results.json")))
