"""What a training run leaves for others: the model in the official format, and the adapter."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from framewise._jsonl import write_json
from framewise.families import Family
from framewise.training._card import RUN_CARD

MODEL, ADAPTER = "model", "adapter"


def save_result(family: Family, trained: Any, output: Path, card: dict[str, Any]) -> None:
    """Write ``model/`` with its run card and, with LoRA, ``adapter/``; the model gets the adapter merged in.

    Args:
        family: The family whose model was trained.
        trained: What was trained: the family's model, or peft's around it.
        output: The run directory.
        card: See ``run_card``.
    """
    if trained is not family.model:
        _replace(output / ADAPTER, trained.save_pretrained)
        family.model = trained.merge_and_unload()

    def save_model(folder: Path) -> None:
        family.save(folder)
        write_json(folder / RUN_CARD, card)

    _replace(output / MODEL, save_model)


def _replace(folder: Path, write: Callable[[Path], Any]) -> None:
    """Write a folder beside its place and move it there when it is whole."""
    part = folder.with_name(folder.name + ".part")
    for old in (part, folder):
        if old.exists():
            shutil.rmtree(old)
    part.mkdir()
    write(part)
    part.rename(folder)
