"""``framewise materialise``."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def materialise(
    records: Annotated[Path, typer.Argument(help="Records, in any known layout.")],
    budgets: Annotated[Path, typer.Option(help="What `framewise allocate` left for the same records.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    media_root: Annotated[
        Path | None,
        typer.Option(help="Folder of the media, if it is not the records' own.", show_default=False),
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(help="What `framewise probe` left, if truncated videos are used.", show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Store frames at the size that this model reads them.", show_default=False),
    ] = None,
    pixels_per_frame: Annotated[
        int | None,
        typer.Option(
            min=1, help="Most pixels of a frame; the model's own, or 602112 without one.", show_default=False
        ),
    ] = None,
    side_multiple: Annotated[
        int | None,
        typer.Option(help="Without --model: both sides are multiples of this (28; 32 for Qwen3-VL)."),
    ] = None,
    decoder: Annotated[str, typer.Option(help="Who decodes; see `framewise plugins`.")] = "pyav",
    engine: Annotated[
        Literal["processes", "ray"], typer.Option(help="processes, or ray for a cluster.")
    ] = "processes",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Clips made at once; left out: one a core.", show_default=False)
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="A clip that takes longer is a fault; 0: no limit.", min=0),
    ] = 600.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Write a small all-intra mp4 with exactly the budgeted frames for every video. Run it again and it goes on.

    Other trainers then get these frames and no others, at the clip's own duration.

    \b
    Examples:
        framewise materialise records.jsonl --budgets runs/hybrid -o runs/clips --pixels-per-frame 50176
        framewise materialise records.jsonl --budgets runs/hybrid -o runs/clips \\
            --model Qwen/Qwen3-VL-8B-Instruct --engine ray
    """  # noqa: D301 (\b is what click reads)
    from framewise._jsonl import read_json
    from framewise.materialise import FrameSize, Workers
    from framewise.materialise import materialise as run_materialise

    directory = run_materialise(
        records,
        budgets=budgets,
        output=output,
        media_root=media_root,
        clips=clips,
        size=FrameSize(model=model, pixels_per_frame=pixels_per_frame, side_multiple=side_multiple),
        decoder=decoder,
        workers=Workers(engine=engine, num_workers=workers, timeout_seconds=time_limit or None),
        fresh=fresh,
    )
    _show(read_json(directory / "summary.json"), directory)


def _show(summary: dict[str, Any], directory: Path) -> None:
    skipped = ", ".join(f"{count} {status}" for status, count in summary["skipped"].items())
    typer.echo(
        f"{summary['num_clips']:,} clips in {summary['num_files']:,} files, {summary['bytes'] / 1e6:,.1f} MB; "
        f"{summary['num_clamped']} clamped to what their window has; "
        f"{summary['num_skipped']} skipped{f' ({skipped})' if skipped else ''}"
    )
    if summary["psnr_db"]:
        typer.echo(
            f"fidelity: median {summary['psnr_db']['median']:.1f} dB, least {summary['psnr_db']['min']:.1f} dB"
        )
    typer.echo(f"clips: {directory / 'materialised.jsonl'}")
