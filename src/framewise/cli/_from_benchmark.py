"""``framewise records from-benchmark``."""

from pathlib import Path
from typing import Annotated

import typer


def from_benchmark(
    benchmark: Annotated[
        str, typer.Argument(help="Names, with commas between them; see `framewise plugins`.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .json, .jsonl or .parquet file.")],
    data_root: Annotated[Path, typer.Option(help="Folder that the benchmarks' files are in.")] = Path("data"),
    prompt: Annotated[
        str, typer.Option(help="In whose words items are asked, as in `evaluate`.")
    ] = "official",
    limit: Annotated[
        int | None, typer.Option(min=1, help="As in `evaluate`: items of each benchmark.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw that --limit makes.")] = 0,
    answers: Annotated[
        bool, typer.Option("--answers", help="With the gold answers, for `framewise diagnose`.")
    ] = False,
) -> None:
    """Write the questions of benchmarks as records, so that an allocator can give each its frames.

    \b
    Example:
        framewise records from-benchmark video_mme --data-root data -o questions.jsonl
        framewise allocate questions.jsonl --media-root data --allocator instruction \\
            --set model=Qwen/Qwen2.5-VL-7B-Instruct -o runs/budgets
        framewise evaluate runs/hybrid --benchmark video_mme --data-root data --budgets runs/budgets -o runs/eval
    """  # noqa: D301 (\b is what click reads)
    from framewise.evaluation import write_item_records

    names = [name.strip() for name in benchmark.split(",") if name.strip()]
    written = write_item_records(
        names, data_root=data_root, output=output, prompt=prompt, limit=limit, seed=seed, answers=answers
    )
    typer.echo(f"{written:,} records written to {output}")
