"""``framewise diagnose``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer

from framewise._errors import UsageError

app = typer.Typer(
    help="The paper's theory measured on a model: will this video data cost image skill?",
    no_args_is_help=True,
)

Model = Annotated[str, typer.Argument(help="Folder or hub name of a model.")]
Images = Annotated[Path, typer.Option(help="Records of images with answers.")]
Videos = Annotated[Path, typer.Option(help="Records of videos with answers.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="The run directory.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start over.")]
Trainable = Annotated[str, typer.Option(help="Parts that learn, with commas between them.")]
LoraRank = Annotated[
    int | None,
    typer.Option(min=1, help="Measure in the space of adapters of this rank.", show_default=False),
]
NumImages = Annotated[
    int | None, typer.Option(min=2, help="Most pictures, drawn at random.", show_default="all")
]
NumVideos = Annotated[
    int | None, typer.Option(min=2, help="Most videos, drawn at random.", show_default="all")
]
NumSeen = Annotated[int, typer.Option("--num-images", min=2, help="Most pictures, drawn at random.")]
NumWatched = Annotated[int, typer.Option("--num-videos", min=2, help="Most videos, drawn at random.")]
ImageRoot = Annotated[
    Path | None, typer.Option(help="Folder of the images, if not the records' own.", show_default=False)
]
VideoRoot = Annotated[
    Path | None, typer.Option(help="Folder of the videos, if not the records' own.", show_default=False)
]
Seed = Annotated[int, typer.Option(min=0, help="Of draws, frame offsets and bootstrap.")]
_PARTS = "vision,projector,language"


@app.command()
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
    trainable: Trainable = _PARTS,
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
        "trainable": _names(trainable),
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
        announce=_say,
        fresh=fresh,
    )
    for sentence in read_json(directory / "alignment.json")["findings"]:
        Console().print(f"- {sentence}", markup=False, highlight=False)
    typer.echo(f"numbers: {directory / 'alignment.json'}; page: framewise report {directory} -o report.html")


@app.command()
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
    trainable: Trainable = _PARTS,
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
        "trainable": _names(trainable),
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


@app.command()
def curvature(
    model: Model,
    images: Images,
    output: Output,
    towards: Annotated[
        str | None,
        typer.Option(help="A tuned model: the segment to it is looked at as well.", show_default=False),
    ] = None,
    num_eigenvalues: Annotated[int, typer.Option(min=1, help="Of largest size.")] = 2,
    num_images: Annotated[int, typer.Option(min=2, help="Most pictures, drawn at random.")] = 64,
    image_root: ImageRoot = None,
    trainable: Trainable = _PARTS,
    lora_rank: LoraRank = None,
    seed: Seed = 0,
    fresh: Fresh = False,
) -> None:
    """Largest eigenvalues of the Hessian of the image loss, by gradients alone.

    \b
    Example:
        framewise diagnose curvature checkpoint --images images.jsonl --image-root data/lab \\
            --trainable projector,language -o runs/curvature
    """  # noqa: D301 (\b is what click reads)
    from framewise._config import validate
    from framewise._jsonl import read_json
    from framewise.diagnostics import CurvatureSettings, measure_curvature

    values = {
        "num_eigenvalues": num_eigenvalues,
        "num_images": num_images,
        "trainable": _names(trainable),
        "lora_rank": lora_rank,
        "seed": seed,
    }
    directory = measure_curvature(
        model,
        images=images,
        output=output,
        settings=validate(CurvatureSettings, values, place="framewise diagnose curvature"),
        towards=towards,
        image_root=image_root,
        fresh=fresh,
    )
    found = read_json(directory / "curvature.json")
    for point in found["points"]:
        pairs = zip(point["eigenvalues"], point["residuals"], strict=True)
        shown = ", ".join(f"{value:.4g} (residual {residual:.2g})" for value, residual in pairs)
        typer.echo(f"at {point['place']:g}: loss {point['loss']:.4g}, eigenvalues {shown}")
    typer.echo(f"lower estimate of beta: {found['lower_estimate_of_beta']:.4g}")


@app.command()
def attention(
    before: Annotated[str, typer.Argument(help="Folder or hub name of the model before.")],
    after: Annotated[list[str], typer.Argument(help="Models after.")],
    output: Output,
    benchmark: Annotated[
        str | None, typer.Option(help="A benchmark of images; or give --images.", show_default=False)
    ] = None,
    data_root: Annotated[Path, typer.Option(help="Folder that the benchmark's files are in.")] = Path("data"),
    images: Annotated[
        Path | None, typer.Option(help="Records of images with answers.", show_default=False)
    ] = None,
    image_root: ImageRoot = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            help="JSONL of `record_id` and `boxes`, [left, top, right, bottom] in fractions of the picture; "
            "or COCO's instances_val2014.json, with --benchmark pope.",
            show_default="benchmarks/NAME_boxes.jsonl below the data root",
        ),
    ] = None,
    num_images: NumImages = None,
    neutral_prompt: Annotated[
        str, typer.Option(help="What attention to a question is set against.")
    ] = "Describe the image.",
    seed: Seed = 0,
    fresh: Fresh = False,
) -> None:
    """Where models look when they begin to answer, against boxes, before and after.

    \b
    Example:
        framewise diagnose attention checkpoint runs/hybrid/model --benchmark lab_image \\
            --data-root data/lab -o runs/attention
        framewise diagnose attention base tuned --benchmark pope --boxes instances_val2014.json -o runs/pope
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._config import validate
    from framewise._jsonl import read_json
    from framewise.diagnostics import AttentionSettings, attention_table, measure_attention

    values = {"num_images": num_images, "neutral_prompt": neutral_prompt, "seed": seed}
    settings = validate(AttentionSettings, values, place="framewise diagnose attention")
    with _questions(benchmark, data_root, images, boxes) as (records, places):
        directory = measure_attention(
            [before, *after],
            images=records,
            boxes=places,
            output=output,
            settings=settings,
            image_root=image_root or (data_root if benchmark else None),
            fresh=fresh,
        )
    Console().print(attention_table(read_json(directory / "attention.json")))


@contextmanager
def _questions(
    benchmark: str | None, data_root: Path, images: Path | None, boxes: Path | None
) -> Iterator[tuple[Path, Path]]:
    """Records of the benchmark with their answers, or those that were given, and the boxes."""
    if (benchmark is None) == (images is None) or (images is not None and boxes is None):
        raise UsageError("give either --benchmark, or --images with --boxes")
    if images is not None and boxes is not None:
        if boxes.suffix == ".json":
            raise UsageError("COCO's boxes are joined to the questions of a benchmark: give --benchmark pope")
        yield images, boxes
        return
    from framewise.diagnostics import write_coco_boxes
    from framewise.evaluation import item_pictures, write_item_records

    name = str(benchmark)
    with TemporaryDirectory() as folder:
        records, joined = Path(folder) / "questions.jsonl", Path(folder) / "boxes.jsonl"
        write_item_records([name], data_root=data_root, output=records, answers=True)
        if boxes is not None and boxes.suffix == ".json":
            pictures = item_pictures(name, data_root=data_root)
            _say(write_coco_boxes(boxes, pictures, output=joined).words())
            boxes = joined
        yield records, boxes or data_root / "benchmarks" / f"{name}_boxes.jsonl"


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(text: str) -> list[int | str]:
    return [int(name) if name.isdigit() else name for name in _names(text)]
