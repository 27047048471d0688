"""Which values of a model learn, and how many an optimizer keeps for them."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch

from framewise._errors import UsageError
from framewise.families import Part
from framewise.planning._recipe import Adapters, TrainingRecipe, in_full

Shape = tuple[int, ...]


def adapter_layers(model: Any, parts: Mapping[Part, Sequence[str]], lora: Adapters) -> list[str]:
    """Names of the linear layers that get adapters.

    Raises:
        UsageError: ``lora.modules`` names no linear layer of its parts.
    """
    weights = {name for part in lora.parts for name in parts[part]}
    # The head stays as it is: it may share its weights with the embedding, and merging would change both.
    layers = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and f"{name}.weight" in weights and name != "lm_head"
    ]
    if lora.modules is None:
        return layers
    chosen = [name for name in layers if name.rpartition(".")[2] in lora.modules]
    if not chosen:
        known = sorted({name.rpartition(".")[2] for name in layers})
        raise UsageError(
            f"lora.modules {list(lora.modules)} names no linear layer of {list(lora.parts)}: "
            f"there are {', '.join(known)}"
        )
    return chosen


def trainable_shapes(
    model: Any, parts: Mapping[Part, Sequence[str]], recipe: TrainingRecipe
) -> dict[str, Shape]:
    """Shapes of all that learns, by name; adapters of a layer are ``LAYER.lora_A`` and ``LAYER.lora_B``.

    Args:
        model: transformers' model; its weights may be on the device ``meta``.
        parts: Names of its parameters by part.
        recipe: What learns, and how.

    Raises:
        UsageError: See ``adapter_layers``.
    """
    whole = {name for part in in_full(recipe) for name in parts[part]}
    shapes: dict[str, Shape] = {n: tuple(p.shape) for n, p in model.named_parameters() if n in whole}
    if recipe.lora:
        for name in adapter_layers(model, parts, recipe.lora):
            layer = model.get_submodule(name)
            shapes[f"{name}.lora_A"] = (recipe.lora.r, layer.in_features)
            shapes[f"{name}.lora_B"] = (layer.out_features, recipe.lora.r)
    return shapes


def optimizer_values(optimizer: str, shapes: Mapping[str, Shape]) -> int:
    """Values that an optimizer keeps: two moments for AdamW, sums of rows and columns for Adafactor."""
    if optimizer.startswith("adamw"):
        return 2 * sum(map(prod, shapes.values()))
    if optimizer == "adafactor":
        return sum(prod(s[:-1]) + prod((*s[:-2], s[-1])) if len(s) > 1 else prod(s) for s in shapes.values())
    return 0
