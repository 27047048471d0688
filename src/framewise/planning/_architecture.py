"""What a model is made of, read from its configuration alone: no weights are opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from framewise._errors import UsageError
from framewise.families import Part
from framewise.families._context import context_length

_PIECES: tuple[Part, ...] = ("vision", "projector", "language")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One layer of a tower: attention and a feed-forward network, each after a norm."""

    hidden: int
    """Width of the residual stream."""
    queries: int
    """Width of all query heads together."""
    keys: int
    """Width of all key heads together; less than ``queries`` where heads share them."""
    num_heads: int
    intermediate: int
    """Width inside the feed-forward network."""
    gated: bool
    """Whether the network multiplies two of its inner layers."""
    num_inputs: int
    """Linear layers that read the first norm's output: 3, or 1 where query, key and value are one."""
    root_mean_square: bool
    """Norms are transformers' RMSNorm, which keeps its output too; else torch's LayerNorm."""
    head_norms: bool
    """Queries and keys have norms of their own."""
    num_weights: int
    """Values in the matrices of one layer."""


@dataclass(frozen=True, kw_only=True)
class Tower:
    """A stack of equal layers."""

    num_layers: int
    block: Block


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Sizes of a model."""

    num_parameters: dict[Part, int]
    """Every parameter once, also where embedding and head share one."""
    vision: Tower
    language: Tower
    projector: tuple[tuple[int, int], ...]
    """Inputs and outputs of its linear layers."""
    embedding: int
    """Vocabulary."""
    patch: tuple[int, int]
    """Frames and pixels a side that make one patch."""
    patch_values: int
    """Values that the tower reads of one patch."""
    image_size: int | None
    """Pixels a side of every frame, where the tower reads one size only."""
    context: int
    """Longest sequence that the language model's positions reach."""

    @property
    def total(self) -> int:
        """Parameters of all parts."""
        return sum(self.num_parameters.values())

    def num_patches(self, num_frames: int, height: int, width: int) -> int:
        """Patches that the vision tower reads of frames of this size, after resizing."""
        frames, side = self.patch
        rows, columns = (self.image_size or edge for edge in (height, width))
        return -(-num_frames // frames) * (rows // side) * (columns // side)


def empty_model(folder: str) -> Any:
    """A model without weights (device ``meta``): names, shapes and configuration only.

    Raises:
        UsageError: transformers has no model for this configuration.
    """
    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    try:
        with torch.device("meta"):
            auto: Any = transformers.AutoModelForImageTextToText
            return auto.from_config(config)
    except ValueError as error:
        raise UsageError(f"{folder}: transformers makes no image-text model of it: {error}") from error


def read_architecture(model: Any, parts: Mapping[Part, Sequence[str]]) -> Architecture:
    """Sizes out of a model's modules.

    Args:
        model: transformers' model; its weights may be on the device ``meta``.
        parts: Names of its parameters by part.

    Raises:
        UsageError: A part is not built of layers with attention.
    """
    shapes = dict(model.named_parameters())
    part_of = {name: part for part in _PIECES for name in parts[part]}
    patches = _patch_layer(model, part_of)
    config = model.config
    return Architecture(
        num_parameters={part: sum(shapes[name].numel() for name in parts[part]) for part in _PIECES},
        vision=_tower(model, part_of, "vision"),
        language=_tower(model, part_of, "language"),
        projector=tuple(
            (module.in_features, module.out_features)
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and part_of.get(f"{name}.weight") == "projector"
        ),
        embedding=model.get_input_embeddings().weight.shape[0],
        patch=((1, *patches.kernel_size)[-3], patches.kernel_size[-1]),
        patch_values=patches.weight[0].numel(),
        image_size=getattr(config.vision_config, "image_size", None),
        context=context_length(config),
    )


def _patch_layer(model: Any, part_of: Mapping[str, Part]) -> Any:
    for name, module in model.named_modules():
        is_conv = isinstance(module, torch.nn.Conv2d | torch.nn.Conv3d)
        if is_conv and part_of.get(f"{name}.weight") == "vision":
            return module
    raise UsageError("the vision tower has no layer that cuts patches: its work cannot be planned")


def _tower(model: Any, part_of: Mapping[str, Part], part: Part) -> Tower:
    """The longest list of layers with attention in a part."""
    found = [
        module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.ModuleList)
        and len(module)
        and any("attn" in child for child, _ in module[0].named_children())
        and all(part_of[f"{name}.0.{own}"] == part for own, _ in module[0].named_parameters())
    ]
    if not found:
        raise UsageError(f"the {part} part of this model has no layers with attention: it cannot be planned")
    layers = max(found, key=len)
    return Tower(num_layers=len(layers), block=_block(layers[0]))


def _block(layer: Any) -> Block:
    linears = {n: m for n, m in layer.named_modules() if isinstance(m, torch.nn.Linear)}
    attention = {n: m for n, m in linears.items() if "attn" in n}
    (out,) = (m for n, m in attention.items() if n.endswith(("o_proj", "out_proj", ".proj")))
    inputs = [m for m in attention.values() if m is not out]
    network = [m for n, m in linears.items() if n not in attention]
    module = next(child for name, child in layer.named_children() if "attn" in name)
    norms = [m for m in layer.modules() if "Norm" in type(m).__name__]
    return Block(
        hidden=out.out_features,
        queries=out.in_features,
        keys=(sum(m.out_features for m in inputs) - out.in_features) // 2,
        num_heads=out.in_features // module.head_dim,
        intermediate=network[-1].in_features,
        gated=len(network) == 3,
        num_inputs=len(inputs),
        root_mean_square=not isinstance(norms[0], torch.nn.LayerNorm),
        head_norms=len(norms) > 2,
        num_weights=sum(m.weight.numel() for m in linears.values()),
    )
