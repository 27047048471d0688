"""``framewise diagnose step``."""

from typing import Annotated, Literal

import typer

from framewise.cli._diagnose_options import (
    PARTS,
    Fresh,
    ImageRoot,
    Images,
    LoraRank,
    NumSeen,
    NumWatched,
    Output,
    Seed,
    Trainable,
    VideoRoot,
    Videos,
    names,
)


def step(
    models: Annotated[list[str], typer.Argument(help="Checkpoints, in the order of training.")],
    images: Images,
    videos: Videos,
    output: Output,
    frames: Annotated[int, typer.Option(min=1, help="Frames of each video.")] = 8,
    optimizer: Annotated[Literal["sgd", "adamw"], typer.Option(help="Whose update.")] = "sgd",
    learning_rate: Annotated[float, typer.Option(help="Unit of the nine step sizes.")] = 1e-5,
    weight_decay: Annotated[float, typer.Option(min=0, help="Of AdamW.")] = 0.0,
    batch_size: Annotated[int, typer.Option(min=1, help="Samples of an update of AdamW.")] = 8,
    smoothness: Annotated[
        float | None,
        typer.Option(help="Lower estimate of beta of the image loss.", show_default="curvature of the step"),
    ] = None,
    num_images: NumSeen = 128,
    num_videos: NumWatched = 64,
    image_root: ImageRoot = None,
    video_root: VideoRoot = None,
    trainable: Trainable = PARTS,
    lora_rank: LoraRank = None,
    seed: Seed = 0,
    fresh: Fresh = False,
) -> None:
    """Image and video losses along a real update, against what slope and curvature predict.

    \b
    Example:
        framewise diagnose step checkpoint --images images.jsonl --image-root data/lab \\
            --videos data/lab/records.jsonl --frames 8 --optimizer adamw --learning-rate 3e-4 -o runs/step
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._config import validate
    from framewise._jsonl import read_json
    from framewise.diagnostics import StepSettings, measure_step, step_table

    values = {
        "frames": frames,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "batch_size": batch_size,
        "num_images": num_images,
        "num_videos": num_videos,
        "trainable": names(trainable),
        "lora_rank": lora_rank,
        "seed": seed,
    }
    directory = measure_step(
        models,
        images=images,
        videos=videos,
        output=output,
        settings=validate(StepSettings, values, place="framewise diagnose step"),
        image_root=image_root,
        video_root=video_root,
        smoothness=smoothness,
        fresh=fresh,
    )
    Console().print(step_table(read_json(directory / "step.json")))
