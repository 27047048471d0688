"""Eigenvalues by gradients alone, against exact Hessians."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from framewise._errors import FramewiseError
from framewise.diagnostics._curvature import _join, _split
from framewise.diagnostics._descent import Objective, moved
from framewise.diagnostics._modules import Learned
from framewise.diagnostics._probe import Probe, open_probe
from framewise.diagnostics._samples import Encoder, read_samples
from framewise.diagnostics._settings import GradientSettings
from framewise.diagnostics._spectrum import hessian_product, largest_eigenvalues, plateau

HOW = {"number": 3, "max_products": 400, "tolerance": 1e-10, "seed": 0}


@pytest.fixture
def hessian():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.standard_normal((40, 40)))
    values = np.concatenate([[9.0, -7.0, 5.0], rng.random(37)])
    return basis @ np.diag(values) @ basis.T


def test_a_parabola_gives_its_eigenvalues_and_no_residual(hessian):
    found = largest_eigenvalues(lambda offset: hessian @ offset, 40, step=0.1, **HOW)
    assert found.values == pytest.approx([9, -7, 5], rel=1e-6)
    assert found.residuals == pytest.approx([0, 0, 0], abs=1e-6)
    assert found.num_products > 3


def test_a_product_is_linear_also_in_the_length_of_the_vector(hessian):
    vector = np.random.default_rng(1).standard_normal(40)
    for factor in (1.0, 1e6):
        found = hessian_product(lambda offset: hessian @ offset, factor * vector, 1e-3)
        assert found == pytest.approx(factor * hessian @ vector, rel=1e-6)
    assert not hessian_product(lambda offset: hessian @ offset, np.zeros(40), 1e-3).any()


def test_the_plateau_lies_between_rounding_and_the_third_derivative():
    def gradient(offset):
        return np.float64(np.float32(1 + 2 * offset + 40 * offset**3))

    step, found = plateau(gradient, np.ones(1), (1.0, 0.1, 0.01, 0.001, 1e-6, 1e-8))
    assert step in (0.01, 0.001)
    assert found[0] == pytest.approx(42, rel=1e-3)
    assert found[2] == pytest.approx(2, rel=1e-2)


def test_eigenvalues_that_do_not_settle_are_an_error():
    rng = np.random.default_rng(0)
    with pytest.raises(FramewiseError, match="did not settle"):
        largest_eigenvalues(
            lambda offset: np.linalg.norm(offset) * rng.standard_normal(40), 40, step=0.1,
            **{**HOW, "max_products": 1},
        )  # fmt: skip


def test_a_model_has_the_eigenvalues_of_its_exact_hessian(tiny_checkpoint, data):
    probe = open_probe(tiny_checkpoint, GradientSettings(trainable=("projector",)), dtype=torch.float64)
    small = [item for item in probe.learned if item.name.endswith(("ln_q.weight", "mlp.2.bias"))]
    for item in probe.learned:
        item.parameter.requires_grad_(item in small)
    assert sum(item.parameter.numel() for item in small) == 64
    probe = Probe(probe.family, small)
    images = read_samples(data.images, "image", limit=3, seed=0)
    encoder = Encoder(probe.family, images)
    objective = Objective(probe, [encoder.encode(sample)[0] for sample in images.samples])
    parameters = [item.parameter for item in small]

    def gradient_at(offset):
        with moved(probe, _split(offset, parameters), -1.0):
            return _join(objective.gradient())

    found = largest_eigenvalues(gradient_at, 64, step=1e-3, **{**HOW, "tolerance": 1e-4})
    values = np.linalg.eigvalsh(exact_hessian(objective, parameters))
    expected = values[np.argsort(-np.abs(values))[:3]]
    # The norms of these layers compute in float32 whatever the weights are.
    assert found.values == pytest.approx(expected, rel=1e-3, abs=1e-3 * abs(expected[0]))
    assert (found.residuals < 1e-2 * abs(expected[0])).all()


def exact_hessian(objective: Objective, parameters: list) -> np.ndarray:
    """Row by row with two derivatives, without fused attention."""
    assert isinstance(objective.probe.learned[0], Learned)
    with sdpa_kernel(SDPBackend.MATH):
        parts = list(objective._parts())
        loss = sum(part for part, _ in parts) / sum(n for _, n in parts)
        first = torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters, create_graph=True)])
        rows = [torch.autograd.grad(value, parameters, retain_graph=True) for value in first]
    return np.stack([torch.cat([part.flatten() for part in row]).numpy() for row in rows])
