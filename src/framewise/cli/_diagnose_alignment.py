"""``framewise diagnose alignment``."""

from pathlib import Path
from typing import Annotated

import typer

from framewise.cli._diagnose_options import (
    PARTS,
    Fresh,
    ImageRoot,
    Images,
    LoraRank,
    Model,
    NumImages,
    NumVideos,
    Output,
    Seed,
    Trainable,
    VideoRoot,
    Videos,
    names,
    say,
)


def alignment(
    model: Model,
    images: Images,
    videos: Videos,
    output: Output,
    frames: Annotated[
        str, typer.Option(help="Numbers of frames m, with commas between them.")
    ] = "1,2,4,8,16,32,64",
    repeats: Annotated[int, typer.Option(min=1, help="Random frame offsets of each video.")] = 4,
    num_images: NumImages = None,
    num_videos: NumVideos = None,
    per_video: Annotated[
        int | None,
        typer.Option(min=1, help="Most questions of each video, drawn at random.", show_default="all"),
    ] = None,
    image_root: ImageRoot = None,
    video_root: VideoRoot = None,
    trainable: Trainable = PARTS,
    lora_rank: LoraRank = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Known minimal budgets, to test Eq. 25, 26 and 28 with.", show_default=False),
    ] = None,
    budgets: Annotated[
        Path | None,
        typer.Option(
            help="What `framewise allocate` left, for the effect of its selection.", show_default=False
        ),
    ] = None,
    smoothness: Annotated[
        float | None,
        typer.Option(
            help="Lower estimate of beta of the image loss: holds Eq. 28 against steps on single videos, in float32.",
            show_default=False,
        ),
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="Of these steps.")] = 1e-5,
    num_stepped: Annotated[int, typer.Option(min=1, help="Most videos of these steps.")] = 32,
    halves_on: Annotated[
        str | None,
        typer.Option(help="Device of the image gradient, such as cpu.", show_default="the model's"),
    ] = None,
    seed: Seed = 0,
    fresh: Fresh = False,
) -> None:
    """Inner products of video gradients with the image gradient, by number of frames.

    \b
    Example:
        framewise records from-benchmark lab_image --data-root data/lab --answers -o images.jsonl
        framewise diagnose alignment checkpoint --images images.jsonl --image-root data/lab \\
            --videos data/lab/records.jsonl --truth data/lab -o runs/alignment
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._config import validate
    from framewise._jsonl import read_json
    from framewise.diagnostics import AlignmentSettings, measure_alignment

    values = {
        "frames": _numbers(frames),
        "repeats": repeats,
        "smoothness": smoothness,
        "learning_rate": learning_rate,
        "num_stepped": num_stepped,
        "num_images": num_images,
        "num_videos": num_videos,
        "per_video": per_video,
        "trainable": names(trainable),
        "lora_rank": lora_rank,
        "seed": seed,
    }
    directory = measure_alignment(
        model,
        images=images,
        videos=videos,
        output=output,
        settings=validate(AlignmentSettings, values, place="framewise diagnose alignment"),
        image_root=image_root,
        video_root=video_root,
        truth=truth,
        budgets=budgets,
        halves_on=halves_on,
        announce=say,
        fresh=fresh,
    )
    for sentence in read_json(directory / "alignment.json")["findings"]:
        Console().print(f"- {sentence}", markup=False, highlight=False)
    typer.echo(f"numbers: {directory / 'alignment.json'}; page: framewise report {directory} -o report.html")


def _numbers(text: str) -> list[int | str]:
    return [int(name) if name.isdigit() else name for name in names(text)]
