"""What the programs that run in another trainer's environment share. They see torch, numpy and that trainer."""

import importlib.machinery
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

from framewise.compat import prepare_torchvision

prepare_torchvision()


def without_torchaudio() -> None:
    """An empty torchaudio where the wheel was built for another torch: only audio would need it."""
    try:
        import torchaudio  # noqa: F401
    except OSError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        empty = types.ModuleType("torchaudio")
        empty.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
        sys.modules["torchaudio"] = empty


def frames_of_patches(patches: torch.Tensor, grid: list[int], processor: object) -> np.ndarray:
    """Undo the Qwen-VL processors: patches [P, values] of one video as RGB [frames, height, width, 3]."""
    p, t, m = processor.patch_size, processor.temporal_patch_size, processor.merge_size
    groups, rows, columns = grid
    pixels = patches.float().reshape(groups, rows // m, columns // m, m, m, 3, t, p, p)
    pixels = pixels.permute(0, 6, 1, 3, 7, 2, 4, 8, 5).reshape(groups * t, rows * p, columns * p, 3)
    pixels = pixels * torch.tensor(processor.image_std) + torch.tensor(processor.image_mean)
    return (pixels * 255).round().clamp(0, 255).to(torch.uint8).numpy()


class Answers:
    """What a loader gave, in two files that the test reads."""

    def __init__(self, output: str) -> None:
        self._output, self._facts, self._frames = Path(output), {}, {}

    def add(self, key: str, frames: np.ndarray | None = None, **facts: object) -> None:
        self._facts[key] = facts
        if frames is not None:
            self._frames[key] = frames

    def write(self, **versions: object) -> None:
        np.savez(self._output.with_suffix(".npz"), **self._frames)
        self._output.with_suffix(".json").write_text(json.dumps({"rows": self._facts, "versions": versions}))


def positions_of(ids: torch.Tensor, positions: torch.Tensor, token: int) -> list[int]:
    """Time positions of a video's groups of frames, counted from the first."""
    found = sorted(set(positions[ids == token].tolist()))
    return [int(position - found[0]) for position in found]
