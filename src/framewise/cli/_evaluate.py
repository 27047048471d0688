"""``framewise evaluate``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from framewise._engine import Engine


def evaluate(
    model: Annotated[
        Path, typer.Argument(help="Folder of a model in the official format, or a training's directory.")
    ],
    benchmark: Annotated[str, typer.Option(help="Names, with commas between them; see `framewise plugins`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    frames: Annotated[
        int | None, typer.Option(min=1, help="Frames of each video; 8 if left out.", show_default=False)
    ] = None,
    budgets: Annotated[
        Path | None,
        typer.Option(
            help="Instead of --frames: what `framewise allocate` gave to the questions, as written by "
            "`framewise records from-benchmark`.",
            show_default=False,
        ),
    ] = None,
    data_root: Annotated[Path, typer.Option(help="Folder that the benchmarks' files are in.")] = Path("data"),
    pixels_per_frame: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Most pixels of a video frame; as in the model's training, or else the checkpoint's own, if left out.",
        ),
    ] = None,
    pixels_per_image: Annotated[
        int | None, typer.Option(min=1, help="Most pixels of an image; likewise if left out.")
    ] = None,
    replicate: Annotated[
        int | None,
        typer.Option(
            min=1, help="Show each image as a video of so many identical frames.", show_default=False
        ),
    ] = None,
    prompt: Annotated[
        str,
        typer.Option(help="In whose words to ask: official, lmms_eval, vlmevalkit, or a benchmark's own."),
    ] = "official",
    scorer: Annotated[
        str,
        typer.Option(
            help="Scorers, with commas between them: official, lmms_eval, lmms_eval_v071, vlmevalkit, robust. "
            "Run it again with others: nothing is asked twice."
        ),
    ] = "robust",
    text_position: Annotated[
        Literal["after_max", "after_extent"] | None,
        typer.Option(help="Where text goes on after a medium; as in the model's training if left out."),
    ] = None,
    frame_pooling: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Side of the blocks of a frame's tokens that are averaged, for models that read frames as "
            "images; as in the model's training, or else the family's own, if left out.",
        ),
    ] = None,
    decoder: Annotated[
        str, typer.Option(help="Who decodes the videos: pyav, torchcodec, or torchcodec:cuda on the GPU.")
    ] = "pyav",
    batch_size: Annotated[int, typer.Option(min=1, help="Items asked at once.")] = 8,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")] = 64,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Items of each benchmark, rounded up to whole videos or images.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw that --limit makes.")] = 0,
    server: Annotated[
        str | None,
        typer.Option(
            help="Address of an OpenAI-compatible server, such as http://localhost:8000/v1; MODEL is its name there. "
            "Frames are sent as images.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for one reply of --server.")] = 300.0,
    engine: Annotated[
        Engine | None,
        typer.Option(
            help="Spread the items over processes here, or over a Ray cluster, one worker a GPU.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Workers of the engine; left out: one a core or GPU.", show_default=False),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Ask a model the items of benchmarks and score its answers. Run it again and it goes on.

    \b
    Examples:
        framewise evaluate runs/demo/training/hybrid --benchmark lab_image,lab_video \\
            --data-root runs/demo/lab --frames 8 -o runs/hybrid
        framewise evaluate Qwen/Qwen2.5-VL-7B-Instruct --benchmark mme,mmstar,video_mme \\
            --data-root data --frames 64 --limit 300 --prompt lmms_eval --scorer robust,lmms_eval -o runs/base
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.evaluation import ChatClient, results_table
    from framewise.evaluation import evaluate as run_evaluation

    directory = run_evaluation(
        model,
        benchmarks=_names(benchmark),
        data_root=data_root,
        frames=8 if frames is None and budgets is None else frames,
        budgets=budgets,
        prompt=prompt,
        scorers=_names(scorer),
        replicate=replicate,
        output=output,
        pixels_per_frame=pixels_per_frame,
        pixels_per_image=pixels_per_image,
        decoder=decoder,
        batch_size=batch_size,
        max_new_tokens=max_new_tokens,
        limit=limit,
        seed=seed,
        text_position=text_position,
        frame_pooling=frame_pooling,
        server=ChatClient(url=server, timeout_seconds=timeout) if server else None,
        engine=engine,
        num_workers=workers,
        fresh=fresh,
    )
    Console().print(results_table(read_json(directory / "results.json")))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
