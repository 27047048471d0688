"""Estimated memory against what torch really keeps."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framewise._plugins import plugin_names
from framewise.families import Family, FamilySettings, Visual, open_family
from framewise.planning import Machine
from framewise.planning._architecture import empty_model, read_architecture
from framewise.planning._batches import Batch, batches
from framewise.planning._memory import Accountant
from framewise.planning._samples import Sampler
from framewise.planning._trainable import optimizer_values, trainable_shapes
from framewise.records import Turn
from framewise.training import Recipe
from framewise.training._parts import prepare_model

TRAINED: dict[str, dict[str, Any]] = {
    "default": {},
    "everything": {"trainable": ("vision", "projector", "language")},
    "adapters": {"trainable": ("language",), "lora": {"r": 8, "alpha": 8}},
}
TURNS = [Turn(role="user", text="<video>what moves?"), Turn(role="assistant", text="a red ball")]


def visuals() -> list[Visual]:
    def video(num_frames: int) -> Visual:
        pixels = np.zeros((num_frames, 96, 96, 3), np.uint8)
        return Visual(kind="video", pixels=pixels, times_seconds=np.arange(num_frames) * 0.5)

    return [video(8), video(6)]


class _Given:
    """Shapes of given media, in place of those of probed clips."""

    def shapes(self, example: Any) -> Any:
        return [example.visual.shape]


class _Example:
    group = "8"

    def __init__(self, visual: Visual) -> None:
        self.visual = visual
        self.record = type("Record", (), {"id": "r", "turns": TURNS})()


def planned(family: Family, recipe: Recipe) -> tuple[Batch, Accountant]:
    architecture = read_architecture(family.model, family.parts())
    shapes = trainable_shapes(family.model, family.parts(), recipe)
    sampler = Sampler(family, architecture, _Given())  # type: ignore[arg-type]
    samples = list(sampler.samples([_Example(v) for v in visuals()]))  # type: ignore[misc, list-item]
    (batch,) = batches(samples, np.arange(2), 2)  # type: ignore[arg-type]
    return batch, Accountant(architecture, recipe, shapes, Machine(), checkpointing=False)


def kept_bytes(model: Any, inputs: dict[str, Any], bf16: bool) -> int:
    """Bytes that autograd really keeps of a forward pass, besides the parameters; each storage once."""
    own = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    # The tensors are held: a freed storage's address would be another's.
    kept: dict[int, torch.Tensor] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in own:
            kept.setdefault(place, tensor)
        return tensor

    computing = torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), computing:
        model(**inputs, use_cache=False)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


@pytest.mark.parametrize("bf16", [False, True])
@pytest.mark.parametrize("trained", TRAINED)
@pytest.mark.parametrize("name", plugin_names("families"))
def test_activations_are_about_what_autograd_keeps(
    name: str, trained: str, bf16: bool, family_checkpoint: Callable[[str], Path]
) -> None:
    folder = family_checkpoint(name)
    recipe = Recipe(model=str(folder), records=Path("r"), bf16=bf16, **TRAINED[trained])
    family = open_family(folder, FamilySettings(), dtype=torch.float32, device="cpu")
    batch, accountant = planned(family, recipe)
    memory = accountant.memory(batch)
    inputs: dict[str, Any] = family.collate([family.encode(TURNS, [v]) for v in visuals()], pad="left")
    labels = inputs.pop("labels")[:, 1:]
    inputs["logits_to_keep"] = (labels >= 0).any(dim=0).nonzero().flatten()
    assert tuple(inputs["input_ids"].shape) == (batch.num_samples, batch.length)
    assert len(inputs["logits_to_keep"]) == batch.columns
    model = prepare_model(family, recipe).train()
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert memory.gradients == 4 * learned
    assert memory.weights == 4 * sum(p.numel() for p in model.parameters())
    ratio = memory.activations / kept_bytes(model, inputs, bf16)
    assert 0.7 < ratio < 1.3, ratio


@pytest.mark.parametrize("optimizer", ["adamw_torch", "adafactor", "sgd"])
def test_optimizer_states_are_counted_exactly(optimizer: str) -> None:
    parameters = [torch.nn.Parameter(torch.ones(6, 4)), torch.nn.Parameter(torch.ones(5))]
    kinds: dict[str, Any] = {"adamw_torch": torch.optim.AdamW, "sgd": torch.optim.SGD}
    if optimizer == "adafactor":
        from transformers.optimization import Adafactor

        kinds["adafactor"] = lambda p, lr: Adafactor(p, lr=lr, relative_step=False)
    stepper = kinds[optimizer](parameters, lr=0.1)
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    stepper.step()
    states = [v for state in stepper.state.values() for v in state.values() if torch.is_tensor(v) and v.ndim]
    shapes = {"matrix": (6, 4), "vector": (5,)}
    assert optimizer_values(optimizer, shapes) == sum(state.numel() for state in states)


def test_what_makes_a_run_heavier(tiny_checkpoint: Path) -> None:
    family = open_family(tiny_checkpoint, with_model=False, device="cpu")
    family.model = empty_model(str(tiny_checkpoint))

    def memory(gpus: int = 1, checkpointing: bool = False, num_layers: int = 2, **changes: Any) -> Any:
        recipe = Recipe(model=str(tiny_checkpoint), records=Path("r"), **changes)
        batch, accountant = planned(family, recipe)
        language = replace(accountant.architecture.language, num_layers=num_layers)
        architecture = replace(accountant.architecture, language=language)
        return Accountant(architecture, recipe, accountant.shapes, Machine(gpus=gpus), checkpointing).memory(
            batch
        )

    one = memory()
    assert memory(gpus=2).peak - one.peak == one.gradients == memory(gpus=2).buckets
    assert memory(checkpointing=True, num_layers=24).activations < memory(num_layers=24).activations / 4
    assert memory(gradient_accumulation=2).peak >= one.peak
    assert memory(optimizer="sgd").optimizer == memory(optimizer="adamw_torch_fused").step == 0
    assert memory(lora={"r": 4, "alpha": 4}, trainable=("language",)).gradients < one.gradients
