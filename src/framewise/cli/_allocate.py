"""``framewise allocate``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from framewise._engine import Engine


def allocate(
    records: Annotated[Path, typer.Argument(help="Records, in any known layout.")],
    allocator: Annotated[str, typer.Option(help="Who decides; see `framewise plugins`.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    clips: Annotated[
        Path | None,
        typer.Option(
            help="What `framewise probe` left for the same records; if left out, they are probed first.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting of the allocator; give it again for more."
        ),
    ] = None,
    paraphrases: Annotated[
        bool,
        typer.Option("--paraphrases", help="Ask in all wordings and tell their agreement (instruction)."),
    ] = False,
    media_root: Annotated[
        Path | None,
        typer.Option(help="Folder of the media, if it is not the records' own.", show_default=False),
    ] = None,
    multiple_of: Annotated[
        int, typer.Option(min=1, help="Frames that the model reads together; budgets are rounded down.")
    ] = 2,
    options: Annotated[
        str | None,
        typer.Option(
            metavar="M,M,...", help="Numbers to snap up to, such as 8,16,32,64.", show_default=False
        ),
    ] = None,
    continuous: Annotated[
        bool, typer.Option("--continuous", help="Any number from 4 to 64 instead of options.")
    ] = False,
    histogram: Annotated[
        str | None,
        typer.Option(
            metavar="M:N,...",
            help="Keep the ranks of the wishes, and give N videos of all M frames each.",
            show_default=False,
        ),
    ] = None,
    per: Annotated[
        Literal["question", "video"],
        typer.Option(help="Each question its own, or all about one video the largest of theirs."),
    ] = "question",
    model: Annotated[
        str | None, typer.Option(help="Count visual tokens under this model.", show_default=False)
    ] = None,
    pixels_per_frame: Annotated[
        int | None, typer.Option(min=1, help="Most pixels of a frame in that count.", show_default=False)
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option(
            help="Spread the allocator over processes here, or over a Ray cluster.", show_default=False
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Workers of the engine; left out: one a core.", show_default=False),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Decide how many frames each video gets. Run it again and it goes on.

    An allocator that gives fractions is snapped up to 8, 16, 32 or 64, unless --options or --continuous is given.
    Budgets depend on the frames that each clip really has. Without --clips the records are probed first, into
    a directory beside the run's whose name ends in -clips. With --engine each worker opens the allocator once; the
    budgets are the same.

    \b
    Examples:
        framewise allocate records.jsonl --allocator fixed --set num_frames=8 -o runs/fixed-8
        framewise allocate records.jsonl --clips clips.jsonl -o runs/hybrid \\
            --allocator instruction --set model=Qwen/Qwen2.5-VL-7B-Instruct
        framewise allocate records.jsonl -o runs/served --allocator instruction \\
            --set server=http://localhost:8000/v1 --set model=NAME --set bound=true
    """  # noqa: D301 (\b is what click reads)
    from framewise._errors import UsageError
    from framewise.budgets import Rounding, TokenCount, check_settings
    from framewise.budgets import allocate as run_allocation

    # Before a probe that may take hours.
    chosen = _pairs([*(settings or []), *(["paraphrases=true"] if paraphrases else [])])
    rounding = Rounding(
        options=_numbers(options), continuous=continuous, histogram=_histogram(histogram), per=per
    )
    check_settings(allocator, chosen)
    if model is None and pixels_per_frame is not None:
        raise UsageError("--pixels-per-frame is for counting visual tokens: add --model")
    directory = run_allocation(
        records,
        allocator=allocator,
        settings=chosen,
        clips=clips or _probe(records, output, media_root, fresh),
        output=output,
        media_root=media_root,
        multiple_of=multiple_of,
        rounding=rounding,
        tokens=TokenCount(model=model, pixels_per_frame=pixels_per_frame) if model else None,
        engine=engine,
        num_workers=workers,
        fresh=fresh,
    )
    _show(directory)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    from framewise._errors import UsageError

    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError(f"--set {text}: write it as key=value")
        if key in found:
            raise UsageError(f"--set {key} is given twice: {found[key]!r} and {value!r}")
        found[key] = value
    return found


def _numbers(text: str | None) -> tuple[int, ...]:
    from framewise._errors import UsageError

    try:
        return tuple(int(number) for number in text.split(",")) if text is not None else ()
    except ValueError as error:
        raise UsageError(f"--options {text}: write whole numbers with commas, such as 8,16,32,64") from error


def _histogram(text: str | None) -> tuple[tuple[int, int], ...]:
    from framewise._errors import UsageError

    try:
        found = [tuple(map(int, pair.split(":"))) for pair in text.split(",")] if text is not None else []
        if any(frames < 1 or count < 1 for frames, count in found):
            raise ValueError(text)
        return tuple(sorted((frames, count) for frames, count in found))
    except ValueError as error:
        raise UsageError(
            f"--histogram {text}: write frames and counts, such as 8:57604,16:11394,32:5365,64:137"
        ) from error


def _probe(records: Path, output: Path, media_root: Path | None, fresh: bool) -> Path:
    from framewise.clips import probe

    run = output if output.name.strip(".") else output.resolve()
    clips = run.with_name(f"{run.name}-clips")
    typer.echo(f"clips: {clips} (probed first, for want of --clips)")
    probe(records, output=clips, media_root=media_root, fresh=fresh)
    return clips


def _show(directory: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from framewise._jsonl import read_json

    summary: dict[str, Any] = read_json(directory / "summary.json")
    paper = summary["paper"]
    table = Table("frames", "videos", "share", "paper's share")
    for frames in sorted({*summary["histogram"], *paper["histogram"]}, key=int):
        count = summary["histogram"].get(frames, 0)
        table.add_row(
            frames, f"{count}", f"{count / summary['n']:.1%}", f"{paper['shares'].get(frames, 0):.1%}"
        )
    table.add_row("mean", f"{summary['mean_frames']:.2f}", "", f"{paper['mean_frames']:.2f}")
    console = Console()
    console.print(table)
    skipped = ", ".join(f"{count} {status}" for status, count in summary["skipped"].items())
    console.print(
        f"{summary['n']} videos, {summary['num_clamped']} clamped to what their clip has, "
        f"{summary['num_skipped']} skipped{f' ({skipped})' if skipped else ''}"
    )
    for names, kappa in summary.get("agreement", {}).items():
        console.print(f"agreement of the wordings {names}: quadratic kappa {kappa:.2f}")
    if "num_with_answer" in summary:
        console.print("LEAKS: the answers were read, which no model in use can do")
    if "num_without_probabilities" in summary:
        console.print(
            f"{summary['num_without_probabilities']} budgets without probabilities: the server gives none that tell"
        )
    if summary["visual_tokens"] is not None:
        console.print(f"{summary['visual_tokens']:,} visual tokens")
    console.print(f"budgets: {directory / 'budgets.jsonl'}", soft_wrap=True)
