"""``framewise export``."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

_SHOWN = 20
"""Differences and reasons that the terminal shows."""


class ExportGroup(TyperGroup):
    """A group whose first word may be records instead of a command: then they are written."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``write`` before anything that is no command of the group."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["write", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ExportGroup,
    no_args_is_help=True,
    help="Budgets for other trainers: `framewise export RECORDS --budgets DIR --to TRAINER -o DIR`, and "
    "`framewise export verify DIR`. Options: `framewise export write --help`.",
)


@app.command("write")
def write(
    records: Annotated[Path, typer.Argument(help="Records, in any known layout.")],
    budgets: Annotated[Path, typer.Option(help="What `framewise allocate` left.")],
    to: Annotated[str, typer.Option(help="The trainer; see `framewise plugins`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    materialised: Annotated[
        Path | None,
        typer.Option(
            help="What `framewise materialise` left; all trainers but ms_swift need it.", show_default=False
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Model that the settings name: a folder, or a released name.", show_default=False),
    ] = None,
    pixels_per_frame: Annotated[
        int | None, typer.Option(min=1, help="Most pixels of a frame of an original.", show_default=False)
    ] = None,
    media_root: Annotated[
        Path | None,
        typer.Option(help="Folder of the media, if it is not the records' own.", show_default=False),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Write records and budgets in another trainer's layout, with the settings that honour them.

    \b
    Examples:
        framewise export records.jsonl --budgets runs/hybrid --to ms_swift -o runs/for-swift
        framewise materialise records.jsonl --budgets runs/hybrid -o runs/clips
        framewise export records.jsonl --budgets runs/hybrid --to llama_factory \\
            --materialised runs/clips -o runs/for-llama-factory
    """  # noqa: D301 (\b is what click reads)
    from framewise.exports import export

    folder = export(
        records,
        budgets=budgets,
        to=to,
        output=output,
        materialised=materialised,
        model=model,
        pixels_per_frame=pixels_per_frame,
        media_root=media_root,
        fresh=fresh,
    )
    _show(folder)


@app.command("verify")
def verify(
    directory: Annotated[Path, typer.Argument(help="What `framewise export` left.")],
) -> None:
    """Recompute, under the trainer's own rule, the frames and times of each sample. Exit 1 on a difference.

    \b
    Example:
        framewise export verify runs/for-llama-factory
    """  # noqa: D301 (\b is what click reads)
    from framewise._errors import FramewiseError
    from framewise.exports import verify as run_verification

    found = run_verification(directory)
    if not found.differences:
        typer.echo(
            f"{found.num_videos:,} videos in {found.num_records:,} records: frames and times are right"
        )
        return
    for difference in found.differences[:_SHOWN]:
        typer.echo(f"  {difference}")
    raise FramewiseError(f"{len(found.differences)} differences in {directory}: export again")


def _show(folder: Path) -> None:
    from framewise._jsonl import read_json

    found = read_json(folder / "summary.json")
    frames = ", ".join(f"{count:,} of {number}" for number, count in found["frames"].items())
    typer.echo(
        f"{found['num_records']:,} records: {found['num_videos']:,} videos (frames: {frames or 'none'}), "
        f"{found['num_images']:,} images, {found['num_text_only']:,} text only"
    )
    if found["num_skipped"]:
        typer.echo(f"{found['num_skipped']:,} records left out (skipped.jsonl):")
        for reason, count in list(found["skipped"].items())[:_SHOWN]:
            typer.echo(f"  {count:,}: {reason}")
    for caution in found["cautions"]:
        typer.echo(f"caution: {caution}")
    typer.echo(f"export: {folder}")
