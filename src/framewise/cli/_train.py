"""``framewise train``."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file; its paths are relative to it.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
) -> None:
    """Fine-tune a model, each sample with the frames of its budget. Run it again and it goes on.

    \b
    Example:
        framewise train recipe.yaml -o runs/hybrid

    \b
    A recipe:
        model: Qwen/Qwen2.5-VL-7B-Instruct   # or a folder
        records: data/records.jsonl
        budgets: runs/budgets                # from framewise allocate
        clips: runs/clips.jsonl              # from framewise probe
        learning_rate: {projector: 1.0e-5, language: 1.0e-5}   # vision stays frozen
        epochs: 1
        batch_size: 4
        gradient_accumulation: 8
        pixels_per_frame: 50176
        lora: {r: 64, alpha: 64}             # leave out to train in full
    """  # noqa: D301 (\b is what click reads)
    from rich.console import Console

    from framewise._jsonl import read_json
    from framewise.training import load_recipe
    from framewise.training import train as run_training

    directory = run_training(load_recipe(recipe), output=output, fresh=fresh)
    card = read_json(directory / "model" / "run_card.json")
    Console().print(
        f"trained on {card['num_samples']} samples ({card['visual_tokens']} visual tokens, "
        f"{card['mean_frames']:.1f} frames a video) in {card['train_seconds']:.0f} s, "
        f"{card['num_skipped']} skipped; the model is in {directory / 'model'}",
        highlight=False,
    )
