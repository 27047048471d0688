"""``framewise plan``."""

from pathlib import Path
from typing import Annotated, Any

import typer

_GIB, _MIB = 1 << 30, 1 << 20


def plan(
    records: Annotated[
        Path | None, typer.Argument(help="Records, in any known layout; or they are the recipe's.")
    ] = None,
    budgets: Annotated[
        Path | None, typer.Option(help="What `framewise allocate` left.", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Folder or hub name; its weights are not read.", show_default=False),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(help="A training recipe; what else is given here goes before it.", show_default=False),
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(
            help="What `framewise probe` left; if left out, what the budgets were made from.",
            show_default=False,
        ),
    ] = None,
    media_root: Annotated[
        Path | None,
        typer.Option(help="Folder of the media, if it is not the records' own.", show_default=False),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Samples in one forward pass of a GPU; 4 if left out.", show_default=False),
    ] = None,
    gradient_accumulation: Annotated[
        int | None,
        typer.Option(min=1, help="Forward passes to one step; 1 if left out.", show_default=False),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Passes over the data; 1 if left out.", show_default=False)
    ] = None,
    pixels_per_frame: Annotated[
        int | None,
        typer.Option(
            min=1, help="Most pixels of a frame; the checkpoint's own if left out.", show_default=False
        ),
    ] = None,
    gpus: Annotated[int, typer.Option(min=1, help="GPUs that train, each with a copy of the model.")] = 1,
    gpu_memory_gib: Annotated[
        float | None, typer.Option(help="Memory of each, to say what fits.", show_default=False)
    ] = None,
    tflops: Annotated[
        float, typer.Option(help="Peak of each, TFLOP/s in bfloat16; an A100 has 312.")
    ] = 312.0,
    tokens_per_second: Annotated[
        float | None,
        typer.Option(help="Measured rate of all GPUs, in place of a peak.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A run directory; if left out, nothing is written."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Say what a training run will take: tokens, batches, memory, steps, time. Nothing is decoded.

    Tokens, batches and steps are exact: they are what training will have. Memory and time are estimates; what
    they rest on is printed beside them.

    \b
    Examples:
        framewise plan records.jsonl --budgets runs/budgets --model Qwen/Qwen2.5-VL-7B-Instruct
        framewise plan records.jsonl --budgets runs/budgets --model checkpoint --gpus 8 --gpu-memory-gib 80
        framewise plan --recipe recipe.yaml --gpus 8 --tokens-per-second 21000 -o runs/plan
    """  # noqa: D301 (\b is what click reads)
    from framewise.planning import Machine
    from framewise.planning import plan as run_plan
    from framewise.training import load_recipe, make_recipe

    given = {
        "records": records,
        "budgets": budgets,
        "model": model,
        "clips": clips,
        "media_root": media_root,
        "batch_size": batch_size,
        "gradient_accumulation": gradient_accumulation,
        "epochs": epochs,
        "pixels_per_frame": pixels_per_frame,
    }
    base = load_recipe(recipe).model_dump() if recipe else {}
    values = {**base, **{key: value for key, value in given.items() if value is not None}}
    machine = Machine(
        gpus=gpus, gpu_memory_gib=gpu_memory_gib, tflops=tflops, tokens_per_second=tokens_per_second
    )
    place = "framewise plan (RECORDS, --model and --budgets, or a --recipe)"
    _show(
        run_plan(make_recipe(values, place=place), machine=machine, output=output, fresh=fresh),
        machine.gpus,
        output,
    )


def _show(found: dict[str, Any], gpus: int, output: Path | None) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_table(found["budgets"]))
    skipped = ", ".join(f"{count} {status}" for status, count in found["skipped"].items())
    if skipped:
        console.print(f"{found['num_skipped']} skipped ({skipped})")
    context = found["context"]
    if context["num_longer"]:
        console.print(
            f"{context['num_longer']:,} samples are longer than the {context['tokens']:,} tokens that "
            "the model was made for: give them fewer frames or smaller ones"
        )
    for line in [*_run_lines(found), *_memory_lines(found["memory"]), _time_line(found["time"], gpus)]:
        console.print(line)
    if output is not None:
        console.print(f"plan: {output / 'plan.json'}", soft_wrap=True)


def _table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    heads = ("budget", "samples", "visual tokens", "text tokens", "length mean", "p95", "max")
    table = Table(*heads)
    for column in table.columns:
        column.justify = "right"
    for row in rows:
        counts = [f"{row[key]:,}" for key in ("samples", "visual_tokens", "text_tokens")]
        lengths = [f"{row['length_mean']:,.0f}", f"{row['length_p95']:,}", f"{row['length_max']:,}"]
        table.add_row(row["budget"], *counts, *lengths)
    return table


def _run_lines(found: dict[str, Any]) -> list[str]:
    run, batches = found["run"], found["batches"]
    drawn = (
        f"run: {run['num_draws']:,} samples in {run['optimizer_steps']:,} steps, "
        f"{run['visual_tokens']:,} visual and {run['text_tokens']:,} text tokens"
    )
    shapes = (
        f"batches of {batches['batch_size']}: {batches['tokens_mean']:,.0f} tokens on average, "
        f"{batches['tokens_p95']:,} at the 95th percentile, {batches['tokens_max']:,} at most; longest "
        f"sequence {batches['longest']:,}; {batches['padding_share']:.1%} padding"
    )
    return [drawn, shapes]


def _memory_lines(memory: dict[str, Any]) -> list[str]:
    chosen = "checkpointed" if memory["gradient_checkpointing"] else "kept"
    names = {"kept": "without gradient checkpointing", "checkpointed": "with gradient checkpointing"}
    verdicts = {"yes": "fits", "no": "does not fit", "tight": "may not fit"}
    lines = []
    for name in (chosen, *(other for other in names if other != chosen)):
        part = memory[name]
        sizes = {
            "weights": part["weights"],
            "optimizer": part["optimizer"],
            "gradients": part["gradients"] + part["buckets"],
            "activations": part["activations"],
            "logits": part["logits"],
        }
        verdict = f", {verdicts[part['fits']]} in {memory['gpu_memory_gib']:g} GiB" if part["fits"] else ""
        lines.append(
            f"memory a GPU {names[name]}: {_size(part['peak'])} at the peak (estimate){verdict}: "
            + ", ".join(f"{key} {_size(value)}" for key, value in sizes.items())
        )
    return lines


def _time_line(duration: dict[str, Any], gpus: int) -> str:
    shortest, longest = duration["hours"]
    span = _time(longest) if shortest == longest else f"{_time(shortest)} to {_time(longest)}"
    devices = "1 GPU" if gpus == 1 else f"{gpus} GPUs"
    return (
        f"time on {devices}: {span} (estimate: {duration['operations']:.3g} operations, "
        f"{duration['tokens']:,} tokens with padding; {duration['rests_on']}; decoding not counted)"
    )


def _size(num_bytes: int) -> str:
    return f"{num_bytes / _GIB:,.2f} GiB" if num_bytes >= _GIB / 100 else f"{num_bytes / _MIB:,.1f} MiB"


def _time(hours: float) -> str:
    if hours >= 1:
        return f"{hours:,.1f} h"
    return f"{hours * 60:,.1f} min" if hours >= 1 / 60 else f"{hours * 3600:,.2g} s"
