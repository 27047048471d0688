"""What learns: frozen parts, rates by part, adapters."""

from collections.abc import Callable
from pathlib import Path

import pytest

from framewise._errors import UsageError
from framewise.families import Family, open_family
from framewise.training import Recipe
from framewise.training._parts import parameter_groups, prepare_model


@pytest.fixture
def family(tiny_checkpoint: Path) -> Family:
    return open_family(tiny_checkpoint)


@pytest.mark.parametrize("trainable", [["projector"], ["projector", "language"], ["vision", "language"]])
def test_only_the_trainable_parts_learn(
    family: Family, make_recipe: Callable[..., Recipe], trainable: list[str]
) -> None:
    model = prepare_model(family, make_recipe(trainable=trainable))
    learning = {name for name, p in model.named_parameters() if p.requires_grad}
    assert learning == {name for part in trainable for name in family.parts()[part]}


def test_groups_hold_each_learning_parameter_once(family: Family, make_recipe: Callable[..., Recipe]) -> None:
    rates = {"vision": 1e-6, "projector": 1e-4, "language": 1e-5}
    recipe = make_recipe(trainable=list(rates), learning_rate=rates, weight_decay=0.1)
    parts = family.parts()
    groups = parameter_groups(prepare_model(family, recipe), parts, recipe)
    grouped = [id(p) for g in groups for p in g["params"]]
    assert sorted(grouped) == sorted(id(p) for p in family.model.parameters())
    for group in groups:
        names = {n for n, p in family.model.named_parameters() if any(p is q for q in group["params"])}
        assert names <= set(parts[group["part"]])
        assert group["lr"] == rates[group["part"]]
        assert group["weight_decay"] == (0.1 if group["params"][0].ndim > 1 else 0.0)
        assert len({p.ndim > 1 for p in group["params"]}) == 1


def test_adapters_take_the_place_of_the_weights_of_their_parts(
    family: Family, make_recipe: Callable[..., Recipe]
) -> None:
    rates = {"projector": 1e-4, "language": 1e-5}
    recipe = make_recipe(learning_rate=rates, lora={"r": 2, "alpha": 4})
    parts = family.parts()
    model = prepare_model(family, recipe)
    learning = [name for name, p in model.named_parameters() if p.requires_grad]
    adapters = [name for name in learning if ".lora_" in name]
    assert len(adapters) == 2 * 2 * 7
    assert not any("lm_head" in name or "visual" in name for name in adapters)
    others = {name.removeprefix("base_model.model.") for name in learning if ".lora_" not in name}
    assert others == set(parts["projector"])
    found = {group["part"]: group["lr"] for group in parameter_groups(model, parts, recipe)}
    assert found == rates


def test_adapters_in_the_vision_tower_and_by_name(family: Family, make_recipe: Callable[..., Recipe]) -> None:
    lora = {"r": 2, "alpha": 4, "parts": ["vision"], "modules": ["qkv"]}
    model = prepare_model(family, make_recipe(trainable=["vision"], lora=lora))
    learning = [name for name, p in model.named_parameters() if p.requires_grad]
    assert len(learning) == 2 * 2
    assert all(".visual.blocks." in name and ".qkv.lora_" in name for name in learning)


def test_unknown_layers_are_an_error(family: Family, make_recipe: Callable[..., Recipe]) -> None:
    lora = {"r": 2, "alpha": 4, "modules": ["query"]}
    with pytest.raises(UsageError, match=r"names no linear layer of \['language'\]: there are .*q_proj"):
        prepare_model(family, make_recipe(lora=lora))
