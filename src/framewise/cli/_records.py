"""``framewise records``."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from framewise.cli._from_benchmark import from_benchmark

if TYPE_CHECKING:
    from rich.table import Table

    from framewise.records import Inspection

_SHOWN = 10
"""Items of a list that the terminal shows; --json has them all."""

app = typer.Typer(no_args_is_help=True, help="Look at a dataset, or write it in another layout.")
app.command("from-benchmark")(from_benchmark)

_Records = Annotated[
    Path, typer.Argument(help="A .json, .jsonl or .parquet file, or a folder of such files.")
]
_MediaRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of the media, if it is not the records' own.", show_default=False),
]
_Format = Annotated[
    str | None,
    typer.Option(help="Layout of the rows; found out from their keys if left out.", show_default=False),
]


@app.command("inspect")
def inspect(
    records: _Records,
    media_root: _MediaRoot = None,
    format: _Format = None,  # noqa: A002
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Count a dataset by task, source, turns and media; list missing media and bad rows.

    \b
    Examples:
        framewise records inspect records.jsonl
        framewise records inspect LLaVA-Video-178K/ --media-root videos/ --json
    """  # noqa: D301 (\b is what click reads)
    import json

    from rich.console import Console

    from framewise.records import inspect_records

    found = inspect_records(records, format=format, media_root=media_root)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
        return
    Console().print(_samples_table(found))
    for title, counts in (("user turns", found.by_turns), ("media", found.by_media)):
        typer.echo(f"{title}: " + "; ".join(f"{key} in {n:,} records" for key, n in counts.items()))
    typer.echo(f"media files: {found.num_files:,}, missing: {len(found.missing):,}")
    _list(f"{m.path} (in {m.num_records} records, first {m.file}:{m.line})" for m in found.missing)
    typer.echo(f"bad rows: {len(found.bad_rows):,}")
    _list(found.bad_rows)


@app.command("convert")
def convert(
    records: _Records,
    to: Annotated[str, typer.Option(help="Layout to write; see `framewise plugins`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .json, .jsonl or .parquet file.")],
    media_root: _MediaRoot = None,
    format: _Format = None,  # noqa: A002
    fps: Annotated[
        float | None,
        typer.Option(
            help="Images a second of videos that are lists of images without times.", show_default=False
        ),
    ] = None,
) -> None:
    """Write a dataset in another layout. What the layout cannot say is not written, and counted.

    \b
    Examples:
        framewise records convert LLaVA-Video-178K/ --to messages -o train.jsonl
        framewise records convert train.jsonl --to sharegpt -o train.json
        framewise records convert lists_of_images.json --to framewise --fps 2 -o train.jsonl
    """  # noqa: D301 (\b is what click reads)
    from framewise.records import convert_records

    done = convert_records(records, to=to, output=output, format=format, media_root=media_root, fps=fps)
    typer.echo(f"{done.num_written:,} records written to {output}, {len(done.bad_rows):,} rows left out")
    _list(done.bad_rows)


def _samples_table(found: "Inspection") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table("task", "source", title=f"{found.num_records:,} samples", title_justify="left")
    table.add_column("samples", justify="right")
    for task, rows in groupby(found.table, key=lambda row: row.task):
        for row in rows:
            table.add_row(task, escape(row.source), f"{row.num_samples:,}")
        table.add_row(task, "all sources", f"{found.by_task[task]:,}", style="bold", end_section=True)
    return table


def _list(items: Iterable[Any]) -> None:
    lines = [str(item) for item in items]
    for line in lines[:_SHOWN]:
        typer.echo(f"  {line}")
    if len(lines) > _SHOWN:
        typer.echo(f"  ... and {len(lines) - _SHOWN:,} more")
