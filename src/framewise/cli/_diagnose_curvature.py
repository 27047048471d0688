"""``framewise diagnose curvature``."""

from typing import Annotated

import typer

from framewise.cli._diagnose_options import (
    PARTS,
    Fresh,
    ImageRoot,
    Images,
    LoraRank,
    Model,
    Output,
    Seed,
    Trainable,
    names,
)


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
    trainable: Trainable = PARTS,
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
        "trainable": names(trainable),
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
