"""A patch embedding is the product that its convolution is."""

import copy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from framewise.families import open_family
from framewise.families._patch_embedding import PatchProduct, multiply_patches


@pytest.mark.parametrize("bias", [False, True])
def test_values_and_gradients_are_those_of_the_convolution(bias: bool) -> None:
    torch.manual_seed(0)
    kernel = (2, 14, 14)
    convolution = torch.nn.Conv3d(3, 10, kernel, stride=kernel, bias=bias, dtype=torch.float64)
    product = copy.deepcopy(convolution)
    multiply_patches(SimpleNamespace(proj=product))
    patches = torch.randn(7, 3, *kernel, dtype=torch.float64)
    plain, fast = convolution(patches), product(patches)
    assert plain.shape == fast.shape
    torch.testing.assert_close(plain, fast, rtol=1e-12, atol=1e-12)
    weights = torch.randn_like(plain)
    for output in (plain, fast):
        (output * weights).sum().backward()
    for one, two in zip(convolution.parameters(), product.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad, rtol=1e-12, atol=1e-12)


def test_the_tower_has_it_and_its_parameters_keep_their_names(tiny_checkpoint: Path) -> None:
    model = open_family(tiny_checkpoint).model
    assert isinstance(model.model.visual.patch_embed.proj, PatchProduct)
    assert "model.visual.patch_embed.proj.weight" in dict(model.named_parameters())


@pytest.mark.parametrize("changes", [{"stride": 1}, {"padding": 1, "stride": 2}, {"groups": 3, "stride": 2}])
def test_a_real_convolution_is_left_alone(changes: dict[str, int]) -> None:
    convolution = torch.nn.Conv3d(3, 6, 2, **changes)
    with pytest.raises(ValueError, match="does not cover"):
        multiply_patches(SimpleNamespace(proj=convolution))
    assert type(convolution) is torch.nn.Conv3d
