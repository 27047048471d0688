"""The first stage of pre-training: the vision tower alone learns what stands in each cell of a picture.

Real vision-language models start from a trained vision tower too. Through the language model alone the tower of the
lab learns colours and little else in the time that there is (docs/log.md).
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset

from framewise.families import Family, Visual
from framewise.lab._canvas import SIDE, draw
from framewise.lab._lessons import FREE_SHARE
from framewise.lab._scenes import Scene, random_scene
from framewise.lab._sprites import BADGES, COLORS, LETTERS, SHAPES, SIZE
from framewise.records import Turn

_NAMES = (*SHAPES, *LETTERS, *BADGES)
_CELLS = 4

Example = dict[str, torch.Tensor]


class Pictures(Dataset[Example]):
    """Scenes of five things with the name and colour of the thing in each cell; picture ``i`` depends on the seed."""

    def __init__(self, family: Family, *, seed: int, size: int) -> None:
        self._family, self._seed, self._size = family, seed, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> Example:
        rng = np.random.default_rng([self._seed, 1, index])
        scene = random_scene(rng, count=5, need=("letter", "badge"), free=rng.random() < FREE_SHARE)
        names, colors = cell_labels(scene)
        visual = Visual(kind="image", pixels=draw(scene.sprites)[None], times_seconds=np.zeros(1))
        tensors = self._family.encode([Turn(role="user", text="<image>")], [visual]).tensors
        return {**tensors, "names": torch.tensor(names), "colors": torch.tensor(colors)}


class Sight(nn.Module):
    """The vision tower with linear heads on its merged tokens: name, colour and place of each cell."""

    def __init__(self, tower: nn.Module, width: int) -> None:
        super().__init__()
        self.tower = tower
        self.heads = nn.ModuleList(nn.Linear(width, n) for n in (len(_NAMES) + 1, len(COLORS) + 1, _CELLS**2))

    def forward(
        self,
        pixel_values: torch.Tensor,
        image_grid_thw: torch.Tensor,
        names: torch.Tensor,
        colors: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Sum of the three cross-entropies."""
        tokens = self.tower(pixel_values, grid_thw=image_grid_thw).pooler_output
        places = torch.arange(_CELLS**2, device=tokens.device).repeat(len(image_grid_thw))
        labels = (names.flatten(), colors.flatten(), places)
        losses = [
            nn.functional.cross_entropy(head(tokens), y) for head, y in zip(self.heads, labels, strict=True)
        ]
        return {"loss": torch.stack(losses).sum()}


def cell_labels(scene: Scene) -> tuple[list[int], list[int]]:
    """For each cell, row by row: 0 if empty, else 1 + the index of the name and of the colour of what is in it.

    A thing is in the cell that holds its centre.
    """
    names, colors = [0] * _CELLS**2, [0] * _CELLS**2
    for sprite in scene.sprites:
        row, column = ((v + SIZE // 2) * _CELLS // SIDE for v in (sprite.y, sprite.x))
        names[row * _CELLS + column] = 1 + _NAMES.index(sprite.name)
        colors[row * _CELLS + column] = 1 + list(COLORS).index(sprite.color)
    return names, colors


def collate(examples: list[Example]) -> dict[str, Any]:
    """Join pictures: patches and grids along dim 0, labels [B, cells]."""
    joined = {key: torch.cat([e[key] for e in examples]) for key in ("pixel_values", "image_grid_thw")}
    return joined | {key: torch.stack([e[key] for e in examples]) for key in ("names", "colors")}
