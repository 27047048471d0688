"""Which parameters learn, with which adapters and which learning rates."""

from collections.abc import Mapping
from typing import Any

import torch

from framewise.compat import quiet_peft
from framewise.families import Family, Part
from framewise.planning import adapter_layers
from framewise.training._recipe import LoraSettings, Recipe

_PEFT_PREFIX = "base_model.model."


def prepare_model(family: Family, recipe: Recipe) -> Any:
    """Freeze, unfreeze and adapt the parts of a family's model; returns what the trainer trains.

    Raises:
        UsageError: ``lora.modules`` names no linear layer of its parts.
    """
    parts = family.parts()
    in_full = [p for p in recipe.trainable if recipe.lora is None or p not in recipe.lora.parts]
    model = _with_adapters(family.model, parts, recipe.lora) if recipe.lora else family.model
    for name, parameter in model.named_parameters():
        parameter.requires_grad = ".lora_" in name or _part(name, parts) in in_full
    return model


def parameter_groups(model: Any, parts: Mapping[Part, list[str]], recipe: Recipe) -> list[dict[str, Any]]:
    """The optimizer's groups: one for each part and kind, with its learning rate and weight decay.

    Matrices decay; vectors (biases, norms) do not.

    Args:
        model: What ``prepare_model`` returned.
        parts: The family's parts, as they were before adapters.
        recipe: Rates and decay.
    """
    groups: dict[tuple[Part, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((_part(name, parts), parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": groups[part, decays],
            "part": part,
            "lr": recipe.rate(part),
            "weight_decay": recipe.weight_decay if decays else 0.0,
        }
        for part in recipe.trainable
        for decays in (True, False)
        if (part, decays) in groups
    ]


def _with_adapters(model: Any, parts: Mapping[Part, list[str]], lora: LoraSettings) -> Any:
    import peft

    layers = adapter_layers(model, parts, lora)
    config = peft.LoraConfig(
        r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=layers
    )
    with quiet_peft():
        return peft.get_peft_model(model, config)


def _part(name: str, parts: Mapping[Part, list[str]]) -> Part:
    """Part of a parameter by its name, whatever adapters have made of it."""
    original = name.removeprefix(_PEFT_PREFIX).replace(".base_layer.", ".")
    if ".lora_" in original:
        original = original.split(".lora_")[0] + ".weight"
    for part, names in parts.items():
        if original in names:
            return part
    raise KeyError(name)
