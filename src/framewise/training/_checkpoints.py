"""Checkpoints to go on from: a stop at any moment leaves one that is whole."""

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from framewise._errors import FramewiseError
from framewise._jsonl import read_json, write_json

FOLDER = "checkpoints"
_MARK = "whole.json"
_WEIGHTS = "trainable.safetensors"


def last_whole(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The latest checkpoint that was written to its end, with what was put beside it; None: there is none.

    Those that a stop cut short are deleted.
    """
    found: dict[int, Path] = {}
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / _MARK).exists():
            found[int(checkpoint.name.rpartition("-")[2])] = checkpoint
        else:
            shutil.rmtree(checkpoint)
    if not found:
        return None
    latest = found[max(found)]
    state: dict[str, Any] = read_json(latest / _MARK)
    return latest, state


def mark_whole(checkpoint: Path, state: dict[str, Any]) -> None:
    """Declare a checkpoint complete: the last file that is written of it."""
    write_json(checkpoint / _MARK, state)


def save_trainable(model: Any, checkpoint: Path) -> None:
    """Write the parameters that learn, under the names that they have in memory."""
    checkpoint.mkdir(parents=True, exist_ok=True)
    learning = {n: p.detach().contiguous() for n, p in model.named_parameters() if p.requires_grad}
    save_file(learning, checkpoint / _WEIGHTS)


def load_trainable(model: Any, checkpoint: Path) -> None:
    """Read what ``save_trainable`` wrote, name by name.

    Raises:
        FramewiseError: The names or shapes are not those of the model.
    """
    saved = load_file(checkpoint / _WEIGHTS)
    learning = {n: p for n, p in model.named_parameters() if p.requires_grad}
    shapes = ({n: t.shape for n, t in tensors.items()} for tensors in (saved, learning))
    if next(shapes) != next(shapes):
        raise FramewiseError(f"{checkpoint} is not of this model: start over with --fresh")
    with torch.no_grad():
        for name, parameter in learning.items():
            parameter.copy_(saved[name])
