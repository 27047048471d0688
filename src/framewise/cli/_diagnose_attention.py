"""``framewise diagnose attention``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from framewise._errors import UsageError
from framewise.cli._diagnose_options import Fresh, ImageRoot, NumImages, Output, Seed, say


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
            say(write_coco_boxes(boxes, pictures, output=joined).words())
            boxes = joined
        yield records, boxes or data_root / "benchmarks" / f"{name}_boxes.jsonl"
