"""``framewise probe``."""

from pathlib import Path
from typing import Annotated

import typer

from framewise._engine import Engine

_SHOWN = 50
"""Lines about media: as many as fit a look back."""


def probe(
    source: Annotated[
        Path,
        typer.Argument(metavar="RECORDS_OR_FOLDER", help="Records, or a folder of videos and images."),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A run directory, or a file whose name ends in .jsonl.")
    ],
    media_root: Annotated[
        Path | None,
        typer.Option(help="Folder of the media, if it is not the records' own.", show_default=False),
    ] = None,
    format: Annotated[  # noqa: A002
        str | None,
        typer.Option(
            help="Layout of the records; found out from their keys if left out.", show_default=False
        ),
    ] = None,
    decoder: Annotated[str, typer.Option(help="Who decodes; see `framewise plugins`.")] = "pyav",
    allow_truncated: Annotated[
        bool, typer.Option("--allow-truncated", help="Use truncated videos up to the damage.")
    ] = False,
    engine: Annotated[Engine, typer.Option(help="Processes here, or a Ray cluster.")] = "processes",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Media decoded at once; left out: one a core.", show_default=False),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="A medium that takes longer is a fault; 0: no limit.", min=0),
    ] = 600.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Decode every video and image once and write down what it holds. Run it again and it goes on.

    Each is decoded in a process of its own: what hangs or crashes is a named fault, and the run goes on. A folder
    of images with a times.json ({"fps": 2.0} or {"times_seconds": [...]}) is a video.

    \b
    Examples:
        framewise probe records.jsonl -o clips.jsonl
        framewise probe videos/ -o runs/probe --allow-truncated --time-limit 60
    """  # noqa: D301 (\b is what click reads)
    from framewise.clips import Workers
    from framewise.clips import probe as run_probe

    found = run_probe(
        source,
        output=output,
        media_root=media_root,
        format=format,
        decoder=decoder,
        allow_truncated=allow_truncated,
        workers=Workers(engine=engine, num_workers=workers, timeout_seconds=time_limit or None),
        fresh=fresh,
    )
    statuses = ", ".join(f"{n:,} {status}" for status, n in found.statuses.items())
    typer.echo(f"{found.num_media:,} media: {statuses}; {found.hours:.2f} hours of video")
    lines = [f"{clip.path}: {clip.status}: {clip.reason}" for clip in (*found.faults, *found.notes)]
    lines += [str(bad) for bad in found.bad_rows]
    for line in lines[:_SHOWN]:
        typer.echo(f"  {line}")
    if len(lines) > _SHOWN:
        typer.echo(f"  ... and {len(lines) - _SHOWN:,} more; all are in {output}")
    if any(clip.status == "truncated" and clip.num_frames for clip in found.faults):
        typer.echo(
            "truncated videos can be used up to their damage: --allow-truncated, and --fresh or another -o"
        )
    typer.echo(f"clips: {output}")
