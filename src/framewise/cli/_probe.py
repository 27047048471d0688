"""``framewise probe``."""

from pathlib import Path
from typing import Annotated

import typer

_SHOWN = 10


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
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Decode every video and image once and write down what it holds. Run it again and it goes on.

    \b
    Examples:
        framewise probe records.jsonl -o clips.jsonl
        framewise probe videos/ -o runs/probe
    """  # noqa: D301 (\b is what click reads)
    from framewise.clips import probe as run_probe

    found = run_probe(
        source, output=output, media_root=media_root, format=format, decoder=decoder, fresh=fresh
    )
    statuses = ", ".join(f"{n:,} {status}" for status, n in found.statuses.items())
    typer.echo(f"{found.num_media:,} media: {statuses}; {found.hours:.2f} hours of video")
    lines = [f"{clip.path}: {clip.status}: {clip.reason}" for clip in found.faults]
    lines += [str(bad) for bad in found.bad_rows]
    for line in lines[:_SHOWN]:
        typer.echo(f"  {line}")
    if len(lines) > _SHOWN:
        typer.echo(f"  ... and {len(lines) - _SHOWN:,} more; all are in {output}")
    typer.echo(f"clips: {output}")
