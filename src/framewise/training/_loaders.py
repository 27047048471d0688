"""How many processes decode ahead of a device."""

import os
import shutil
from pathlib import Path

from framewise.training._recipe import Recipe

_MOST = 8
_SHARED, _ENOUGH_BYTES = Path("/dev/shm"), 1 << 30
"""Batches are handed over there; containers often have 64 MiB, with which loaders die."""


def num_loaders(recipe: Recipe, *, gpu: bool) -> int:
    """What the recipe says, else what suits this machine.

    A GPU waits for its pixels unless cores decode ahead. Without one, the training itself has use for all cores.
    """
    if recipe.num_workers is not None:
        return recipe.num_workers
    if not gpu or recipe.decodes_on_gpu or not _has_room():
        return 0
    # Set by torchrun and accelerate: the processes of this machine, one a device.
    num_devices = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return min(max(len(os.sched_getaffinity(0)) // num_devices, 1), _MOST)


def _has_room() -> bool:
    return not _SHARED.is_dir() or shutil.disk_usage(_SHARED).free >= _ENOUGH_BYTES
