"""Which of a model's parameters learn, and which module each belongs to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from framewise._errors import UsageError
from framewise.compat import quiet_peft
from framewise.families import Family, Part
from framewise.planning import adapter_layers

_NUMBERED = re.compile(r"\.(?:layers|blocks)\.(\d+)\.")


@dataclass(frozen=True)
class Learned:
    """A parameter that learns."""

    name: str
    module: str
    """What the tables call the module that it belongs to; see ``module_of``."""
    parameter: torch.nn.Parameter


@dataclass(frozen=True)
class _Adapters:
    """What ``planning.adapter_layers`` asks of adapters: all linear layers of these parts."""

    r: int
    parts: tuple[Part, ...]
    modules: tuple[str, ...] | None = None


def choose_learned(
    family: Family, trainable: Sequence[Part], *, lora_rank: int | None = None, seed: int = 0
) -> list[Learned]:
    """Freeze everything but what learns.

    Args:
        family: Opened with its model.
        trainable: Parts that learn.
        lora_rank: Rank of adapters on all linear layers of these parts, which then learn in their place. The second
            factor of fresh adapters is zero, so the first gets no gradient: what is measured is the full gradient
            seen through a random projection. None: the parts' own parameters learn.
        seed: Seed of the adapters' first factors.

    Raises:
        UsageError: The model has no parameters in these parts.
    """
    parts = family.parts()
    for parameter in family.model.parameters():
        parameter.requires_grad_(False)
    if lora_rank is None:
        names = {name for part in trainable for name in parts[part]}
        for name, parameter in family.model.named_parameters():
            parameter.requires_grad_(name in names)
    else:
        _add_adapters(family, parts, tuple(trainable), lora_rank, seed)
    where = {name: part for part, names in parts.items() for name in names}
    found = [
        Learned(name, module_of(_layer(name), where[_layer(name)]), parameter)
        for name, parameter in family.model.named_parameters()
        if parameter.requires_grad
    ]
    if not found:
        raise UsageError(
            f"the model has no parameters in {', '.join(trainable)}: choose other parts to learn"
        )
    return found


def module_of(name: str, part: Part) -> str:
    """Row of the tables that a parameter belongs to.

    >>> module_of("model.language_model.layers.3.mlp.up_proj.weight", "language")
    'language 3 mlp'
    >>> module_of("model.visual.patch_embed.proj.weight", "vision")
    'patch embedding'
    """
    found = _NUMBERED.search(name)
    if part == "projector":
        return "projector"
    if part == "vision":
        if found:
            return f"vision {found[1]}"
        return "patch embedding" if "embed" in name else "vision, rest"
    if found:
        # A layer's second norm feeds its MLP, the first its attention.
        in_mlp = ".mlp." in name or "post_attention" in name
        return f"language {found[1]} {'mlp' if in_mlp else 'attention'}"
    if "embed_tokens" in name:
        return "embeddings"
    return "head" if name.startswith("lm_head") else "language, rest"


def _add_adapters(
    family: Family, parts: Mapping[Part, Sequence[str]], trainable: tuple[Part, ...], rank: int, seed: int
) -> None:
    import peft

    layers = adapter_layers(family.model, parts, _Adapters(r=rank, parts=trainable))
    torch.manual_seed(seed)
    with quiet_peft():
        # Layers are replaced in place, so the family's own model has them too.
        peft.get_peft_model(family.model, peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=layers))


def _layer(name: str) -> str:
    """Name that a parameter's layer had before adapters."""
    return f"{name.split('.lora_')[0]}.weight" if ".lora_" in name else name
